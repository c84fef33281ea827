import type { OpenAPIObject } from '@nestjs/swagger';
import type { TestService } from './service.js';

export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minItems?: number;
};

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  example?: unknown;
  schema: Schema;
}

export interface Operation {
  method: string;
  path: string;
  operationId: string;
  parameters: Parameter[];
  /** The JSON body that it takes, if any. */
  body: Schema | undefined;
  /** False where an empty request says the same as `{}`. */
  bodyRequired: boolean;
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema; examples?: object }> }>;
  readsOnly: boolean;
}

export async function readDocument(nagaya: TestService): Promise<OpenAPIObject> {
  const answer = await nagaya.request('GET', '/openapi.json', { key: null });
  return answer.body as unknown as OpenAPIObject;
}

interface RawOperation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Operation['responses'];
  'x-reads-only'?: boolean;
}

/** Every operation of the document. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, RawOperation>).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      operationId: raw.operationId,
      parameters: raw.parameters ?? [],
      body: raw.requestBody?.content['application/json']?.schema,
      bodyRequired: raw.requestBody?.required === true,
      responses: raw.responses,
      readsOnly: method === 'get' || raw['x-reads-only'] === true,
    })),
  );
}

/** The schema itself, behind references and one-part compositions. */
export function resolve(document: OpenAPIObject, schema: Schema): Schema {
  const [only, ...others] = schema.allOf ?? [];
  if (only !== undefined && others.length === 0) return { ...resolve(document, only), ...schema };
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace('#/components/schemas/', '');
  const found = document.components?.schemas?.[name];
  if (found === undefined) throw new Error(`The document refers to ${schema.$ref}, which is not in it.`);
  return resolve(document, found);
}

/** The address of an operation with its parameters filled in; their examples stand for those that are not given. */
export function addressOf(operation: Operation, values: Readonly<Record<string, string>> = {}): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const example = operation.parameters.find((parameter) => parameter.in === 'path' && parameter.name === name)?.schema.example;
    return encodeURIComponent(values[name] ?? (typeof example === 'string' ? example : '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e'));
  });
}

/** A value as the document's examples give it: what somebody who copies from the documentation sends. */
export function exampleOf(document: OpenAPIObject, given: Schema): unknown {
  const schema = resolve(document, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.properties !== undefined) {
    return Object.fromEntries(
      Object.entries(schema.properties)
        .filter(([name, property]) => schema.required?.includes(name) || resolve(document, property).example !== undefined)
        .map(([name, property]) => [name, exampleOf(document, property)]),
    );
  }
  const numbers = schema.oneOf?.find((choice) => choice.type === 'array');
  if (numbers?.minItems !== undefined) return Array.from({ length: numbers.minItems }, (_, index) => Math.sin(index + 1));
  if (schema.type === 'array' && schema.items !== undefined) return [exampleOf(document, schema.items)];
  throw new Error(`There is no example for ${JSON.stringify(given)}.`);
}
