import 'reflect-metadata';
import type { Type } from '@nestjs/common';

/** A JSON Schema as MCP hands it to a model. */
export type JsonSchema = Record<string, unknown>;

/** Where @nestjs/swagger keeps what its decorators were told: names led by a colon, then each property's own. */
const NAMES = 'swagger/apiModelPropertiesArray';
const PROPERTY = 'swagger/apiModelProperties';

interface PropertyOptions {
  type?: unknown;
  isArray?: boolean;
  required?: boolean;
  nullable?: boolean;
  example?: unknown;
  name?: unknown;
  [more: string]: unknown;
}

/**
 * The schema of a class whose properties are fields or `Shown`: the same declarations that describe it in the OpenAPI document and
 * that check what comes in.
 * @param closed whether other properties than those are refused, as they are in what a client sends
 */
export function schemaOfClass(type: Type<unknown>, closed: boolean): JsonSchema & { type: 'object' } {
  const prototype = type.prototype as object;
  const names = ((Reflect.getMetadata(NAMES, prototype) ?? []) as string[]).map((name) => name.slice(1));
  const options = names.map((name) => [name, Reflect.getMetadata(PROPERTY, prototype, name) as PropertyOptions] as const);
  return {
    type: 'object',
    properties: Object.fromEntries(options.map(([name, property]) => [name, schemaOfProperty(property, closed)])),
    required: options.filter(([, property]) => property.required !== false).map(([name]) => name),
    ...(closed && { additionalProperties: false }),
  };
}

function schemaOfProperty({ type, isArray, required: _, nullable, example, name: __, ...rest }: PropertyOptions, closed: boolean): JsonSchema {
  const given = typeof type === 'function' ? (type as () => Type<unknown> | Type<unknown>[])() : type;
  const isList = isArray === true || Array.isArray(given);
  const one: unknown = Array.isArray(given) ? given[0] : given;
  const kind: JsonSchema = typeof one === 'function' ? schemaOfClass(one as Type<unknown>, closed) : one === undefined ? {} : { type: one };
  const { description, ...rules } = rest;
  const described = { ...(description !== undefined && { description }), ...(example !== undefined && { examples: [example] }) };
  const isItself = isList && kind['type'] !== 'array';
  const schema: JsonSchema = isItself ? { ...pick(rules, false), type: 'array', items: { ...kind, ...pick(rules, true) } } : { ...kind, ...rules };
  return nullable ? { ...described, anyOf: [schema, { type: 'null' }] } : { ...described, ...schema };
}

/** Rules of a list's items are told apart from those of the list by their names. */
function pick(rules: JsonSchema, ofItems: boolean): JsonSchema {
  const OF_LIST = new Set(['minItems', 'maxItems', 'uniqueItems', 'items']);
  return Object.fromEntries(Object.entries(rules).filter(([name]) => OF_LIST.has(name) !== ofItems));
}
