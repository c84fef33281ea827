import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { invalidFields, type FieldError } from '../errors/app-error.js';
import { fieldsOf, Refusal, type Field } from './field.js';
import { pointerTo } from './pointer.js';
import { isJsonObject, MAX_PROBLEMS, problemsAt, readObject } from './read-object.js';

/**
 * The one pipe of every controller. Where a handler's parameter is a class with fields, it gets an instance of it whose every
 * property was declared, checked and converted; all that is wrong is told at once, each place by its pointer.
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || metatype === undefined) return value;
    const dto = metatype as Type<object>;
    const { byName } = fieldsOf(dto);
    if (byName.size === 0) return value;
    if (type === 'body') return readBody(dto, value);
    return readNamedTexts(dto, byName, type === 'query' ? '/query' : '/path', value);
  }
}

function readBody(dto: Type<object>, body: unknown): object {
  // No body at all says what {} says, where nothing has to be said.
  const isAbsentAndMayBe = body === undefined && !(readObject(dto, {}) instanceof Refusal);
  const given = isAbsentAndMayBe ? {} : body;
  if (!isJsonObject(given)) throw invalidFields([{ pointer: '', detail: bodyProblem(given) }]);
  const read = readObject(dto, given);
  if (read instanceof Refusal) throw invalidFields(read.problems.slice(0, MAX_PROBLEMS));
  return read;
}

function bodyProblem(body: unknown): string {
  if (body === undefined) return 'this request needs a JSON object as its body, with content-type: application/json';
  return `the body must be a JSON object; it is ${body === null ? 'null' : Array.isArray(body) ? 'a list' : `a ${typeof body}`}`;
}

/** Query and path: every value is a text, or a list of texts where its name is repeated. */
function readNamedTexts(dto: Type<object>, fields: ReadonlyMap<string, Field>, place: string, given: unknown): object {
  const values = Object.create(null) as Record<string, unknown>;
  const problems: FieldError[] = [];
  for (const [name, raw] of Object.entries(given ?? {}) as [string, unknown][]) {
    const field = fields.get(name);
    const value = Array.isArray(raw) && !field?.repeatable ? raw[0] : raw;
    if (value !== raw && field) problems.push({ pointer: place + pointerTo(name), detail: 'must be given only once' });
    values[name] = typeof value === 'string' && field?.fromText ? field.fromText(value) : value;
  }
  const read = readObject(dto, values);
  if (read instanceof Refusal) {
    const repeated = new Set(problems.map((problem) => problem.pointer));
    problems.push(...problemsAt(place, read).filter((problem) => !repeated.has(problem.pointer)));
  }
  if (problems.length > 0) throw invalidFields(problems.slice(0, MAX_PROBLEMS));
  return read;
}
