import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Operation } from './operations.js';

/** Holds answers against the schemas of the document, as a client generated from it would read them. */
export class DocumentSchemas {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenAPIObject) {
    // ajv-formats is CommonJS whose types promise a default export that is the function.
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema(document, 'document');
  }

  /** What is wrong with an answer: its status, its media type or its body is not what the operation promises. */
  departures(operation: Operation, status: number, mediaType: string, body: unknown): string[] {
    const response = operation.responses[String(status)];
    if (response === undefined) return [`the status ${status} is not documented`];
    if (response.content === undefined) return body === undefined ? [] : ['has a body, and none is documented'];
    if (response.content[mediaType] === undefined) return [`the media type ${mediaType} is not documented for ${status}`];
    if (!mediaType.endsWith('json')) return [];
    const steps = ['paths', operation.path, operation.method.toLowerCase(), 'responses', String(status), 'content', mediaType, 'schema'];
    const validate = this.compile(steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/'));
    return validate(body) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? error.keyword}`);
  }

  private compile(pointer: string): ValidateFunction {
    const known = this.compiled.get(pointer);
    if (known !== undefined) return known;
    const validate = this.ajv.compile({ $ref: `document#/${pointer}` });
    this.compiled.set(pointer, validate);
    return validate;
  }
}
