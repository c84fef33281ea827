import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { documentProblems, PROBLEM_SCHEMA } from './problem-docs.js';

export interface OpenApiOptions {
  title: string;
  version: string;
  description: string;
  tags?: readonly { name: string; description: string }[];
  /** Adds what a part of the service does to every operation of a kind; before the problems are documented. */
  extend?: (method: string, operation: Operation) => void;
}

export type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

type Body = Operation['requestBody'];

const BEARER = 'apiKey';
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const;

/** The OpenAPI 3.1 document of everything that the application serves. Under `/v1/` a key is required, elsewhere not. */
export function buildOpenApi(app: INestApplication, { title, version, description, tags = [], extend }: OpenApiOptions): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setVersion(version)
    .setDescription(description)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: `ngy_op_…` of an operator, `ngy_pk_…` of a product.' }, BEARER)
    .addSecurityRequirements(BEARER);
  for (const tag of tags) builder.addTag(tag.name, tag.description);
  const document = SwaggerModule.createDocument(app, builder.build(), { operationIdFactory: operationId, autoTagControllers: false });
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA } };
  for (const { path, method, operation } of operationsOf(document)) {
    extend?.(method, operation);
    if (!path.startsWith('/v1/')) operation.security = [];
    documentProblems(path, operation);
    closeSchemas(document, operation.requestBody);
    sayWhetherRequired(document, operation.requestBody);
  }
  return document;
}

/** `GET /openapi.json`, and `GET /docs` with everything it needs served from here: it works without the internet. */
export function serveDocs(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: document.info.title,
    // The validator is a site elsewhere to which Swagger UI would send the document.
    swaggerOptions: { validatorUrl: null, persistAuthorization: false },
  });
}

/** Operations that lack what a reader needs, for the test that keeps the document whole. */
export function undocumentedOperations(document: OpenAPIObject): string[] {
  const ids = new Set<string>();
  return operationsOf(document).flatMap(({ method, path, operation }) => {
    const { operationId: id, summary, tags, parameters = [] } = operation;
    const described = parameters.flatMap((parameter) => ('in' in parameter && parameter.in === 'path' ? [parameter.name] : []));
    const undescribed = [...path.matchAll(/{(\w+)}/g)].flatMap(([, name = '']) => (described.includes(name) ? [] : [name]));
    const lacks = [
      ...(id === undefined || ids.has(id) ? ['an operationId of its own'] : []),
      ...(summary ? [] : ['a summary']),
      ...(tags && tags.length > 0 ? [] : ['a tag']),
      ...undescribed.map((name) => `the parameter ${name}`),
    ];
    if (id !== undefined) ids.add(id);
    return lacks.length > 0 ? [`${method.toUpperCase()} ${path} lacks ${lacks.join(', ')}`] : [];
  });
}

function operationsOf(document: OpenAPIObject) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, operation }] : [];
    }),
  );
}

/** What a request sends may have no other properties than those described: the classes that a body refers to say so. */
function closeSchemas(document: OpenAPIObject, part: unknown): void {
  for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    const schema = document.components?.schemas?.[name];
    if (!schema || '$ref' in schema || schema.additionalProperties === false) continue;
    schema.additionalProperties = false;
    closeSchemas(document, schema);
  }
}

/** A body in which nothing has to be said may be left out altogether. */
function sayWhetherRequired(document: OpenAPIObject, body: Body | undefined): void {
  if (body === undefined || '$ref' in body) return;
  const schema = body.content['application/json']?.schema;
  const named = schema && '$ref' in schema ? document.components?.schemas?.[schema.$ref.replace('#/components/schemas/', '')] : schema;
  body.required = named === undefined || '$ref' in named || (named.required ?? []).length > 0;
}

/** `ConversationsController.create` becomes `conversationsCreate`. */
function operationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  return subject.charAt(0).toLowerCase() + subject.slice(1) + method.charAt(0).toUpperCase() + method.slice(1);
}
