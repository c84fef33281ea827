import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { READS_EXTENSION } from './auth/access.js';
import type { House } from './database/migrator.js';
import { buildOpenApi, type Operation } from './http/openapi.js';
import { addProblems } from './http/problem-docs.js';
import { VERSION } from './version.js';

const DESCRIPTION = `Many AI products on one PostgreSQL cluster, each in a schema of its own.

Send an API key as \`Authorization: Bearer …\`. A product's key opens \`/v1/products/<its product>/\` and nothing else; what it may not see
answers 404, like what is not there. Errors are \`application/problem+json\` with a stable \`code\`. Lists answer \`items\` and \`nextCursor\`.`;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'A name of your own for this request. Sent again within 24 hours, it answers the same and writes nothing; with another body, 422.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: 'c7a4e2f0-import-17',
};

const HEALTH_REPORT = {
  type: 'object',
  required: ['status', 'info', 'error', 'details'],
  properties: {
    status: { type: 'string', enum: ['ok', 'error', 'shutting_down'], description: 'The outcome.', example: 'ok' },
    info: { type: 'object', additionalProperties: true, description: 'What is well.', example: { database: { status: 'up' } } },
    error: { type: 'object', additionalProperties: true, description: 'What is not.', example: {} },
    details: { type: 'object', additionalProperties: true, description: 'Both.', example: { database: { status: 'up' } } },
  },
};

/** The OpenAPI document of everything that this process serves. */
export function documentApi(app: INestApplication, house: House): OpenAPIObject {
  const document = buildOpenApi(app, { title: 'Nagaya', version: VERSION, description: DESCRIPTION, tags: tagsOf(house), extend: documentIdempotency });
  document.components = { ...document.components, schemas: { ...document.components?.schemas, HealthReport: HEALTH_REPORT } };
  return document;
}

/** Every POST that writes takes the header; see `src/idempotency/`. */
function documentIdempotency(method: string, operation: Operation): void {
  if (method !== 'post' || READS_EXTENSION in operation) return;
  operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  addProblems(operation, ['idempotency_in_progress', 'idempotency_key_reused']);
}

/** Products first: they are what people come for. */
function tagsOf({ products, shared }: House): { name: string; description: string }[] {
  const tags = [...products, ...shared].flatMap((manifest) => manifest.tags);
  return [...tags, { name: 'Probes', description: 'For orchestrators.' }];
}
