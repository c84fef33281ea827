import type { OpenAPIObject } from '@nestjs/swagger';
import { resolve, type Schema } from './operations.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Where an answer departs from what the document promises; nothing may be in it that the document does not name. */
export function departures(document: OpenAPIObject, given: Schema, value: unknown, at = ''): string[] {
  const schema = resolve(document, given);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.some((choice) => departures(document, choice, value).length === 0) ? [] : [`${at} is none of what it may be`];
  if (value === null) return typesOf(schema).includes('null') ? [] : [`${at} is null`];
  if (schema.enum !== undefined && !Array.isArray(value)) return schema.enum.includes(value) ? [] : [`${at} is ${JSON.stringify(value)}, none of ${schema.enum.join()}`];
  switch (typesOf(schema).find((name) => name !== 'null')) {
    case 'object':
      return isObject(value) ? objectDepartures(document, schema, value, at) : [`${at} is no object`];
    case 'array':
      if (!Array.isArray(value)) return [`${at} is no list`];
      return value.flatMap((item, index) => departures(document, schema.items ?? {}, item, `${at}/${index}`));
    case 'string':
      return stringDepartures(schema, value, at);
    case 'integer':
      return Number.isInteger(value) ? [] : [`${at} is no whole number`];
    case 'number':
      return typeof value === 'number' ? [] : [`${at} is no number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at} is neither true nor false`];
    default:
      return [`${at} has no type in the document`];
  }
}

export function typesOf({ type }: Schema): string[] {
  return type === undefined ? [] : [type].flat();
}

function objectDepartures(document: OpenAPIObject, schema: Schema, value: Record<string, unknown>, at: string): string[] {
  const properties = schema.properties ?? {};
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${at}/${name} is missing`);
  const unknown = Object.keys(value).filter((name) => !(name in properties) && !isOpen(schema)).map((name) => `${at}/${name} is not documented`);
  const inner = Object.entries(value).flatMap(([name, item]) => {
    const property = properties[name];
    return property === undefined ? [] : departures(document, property, item, `${at}/${name}`);
  });
  return [...missing, ...unknown, ...inner];
}

function isOpen(schema: Schema): boolean {
  return schema.additionalProperties !== undefined && schema.additionalProperties !== false;
}

function stringDepartures(schema: Schema, value: unknown, at: string): string[] {
  if (typeof value !== 'string') return [`${at} is no text`];
  if (schema.format === 'uuid' && !UUID.test(value)) return [`${at} is no UUID`];
  if (schema.format === 'date-time' && !INSTANT.test(value)) return [`${at} is no time in UTC`];
  return [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
