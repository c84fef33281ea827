import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { invalid } from '../errors/app-error.js';
import { pointerTo } from './pointer.js';
import { textProblem, type TextRules } from './text.js';
import { readUuid } from './uuid.js';

interface PathOptions {
  description: string;
  example?: string;
}

/** A UUID in the path; anything else answers 400 and says so, to whoever may ask at this address at all. */
export function UuidPath(name = 'id', options: PathOptions = { description: 'The id, as its creation answered it.' }): ParameterDecorator {
  return pathParam(name, { ...options, schema: { type: 'string', format: 'uuid' } }, (value) => {
    const uuid = readUuid(value);
    if (uuid === undefined) throw invalid(`/path${pointerTo(name)}`, 'must be a UUID');
    return uuid;
  });
}

/** A text in the path, under the same rules as a TextField; one that could not be stored answers 400. */
export function TextPath(name: string, options: PathOptions & TextRules): ParameterDecorator {
  const { description, example, min = 1, max, pattern } = options;
  // In the schema: an example beside it does not reach the document.
  const schema = { type: 'string', minLength: min, maxLength: max, ...(pattern && { pattern: pattern.matches.source }), ...(example !== undefined && { example }) };
  return pathParam(name, { description, schema }, (value) => {
    const problem = textProblem(value, options);
    if (problem !== undefined) throw invalid(`/path${pointerTo(name)}`, problem);
    return value;
  });
}

function pathParam(name: string, docs: PathOptions & { schema: object }, transform: PipeTransform['transform']): ParameterDecorator {
  return (target, method, index) => {
    Param(name, { transform })(target, method, index);
    const handler = method === undefined ? undefined : Object.getOwnPropertyDescriptor(target, method);
    if (method !== undefined && handler) ApiParam({ name, ...docs })(target, method, handler);
  };
}
