import type { OpenAPIObject } from '@nestjs/swagger';
import { AppError, ERROR_CODES, invalid, notFound, type ErrorCode } from '../errors/app-error.js';
import { CODES_ON_HTTP, problemOf } from '../errors/problem.js';
import { PROBLEM_CODES } from './answers.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Extended = Operation & { [PROBLEM_CODES]?: ErrorCode[] };

/** Codes that an operation can answer besides those of its kind; as `@Answers` does, from outside. */
export function addProblems(operation: Operation, codes: readonly ErrorCode[]): void {
  const extended: Extended = operation;
  extended[PROBLEM_CODES] = [...(extended[PROBLEM_CODES] ?? []), ...codes];
}

/** Adds to an operation the problems that it can answer: those of its kind and those that `@Answers` names. */
export function documentProblems(path: string, operation: Operation): void {
  const extended: Extended = operation;
  const codes = new Set([...(extended[PROBLEM_CODES] ?? []), ...usualCodes(path, operation)]);
  delete extended[PROBLEM_CODES];
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of ERROR_CODES) {
    if (!codes.has(code)) continue;
    const status = String(CODES_ON_HTTP[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, sharing] of byStatus) operation.responses[status] ??= problemResponse(sharing);
}

function usualCodes(path: string, operation: Operation): ErrorCode[] {
  if (!path.startsWith('/v1/')) return [];
  return [
    'unauthenticated',
    'forbidden',
    'not_found',
    'rate_limited',
    'internal',
    'unavailable',
    'timeout',
    ...((operation.parameters?.length ?? 0) > 0 ? (['validation_failed'] as const) : []),
    ...(operation.requestBody ? (['validation_failed', 'payload_too_large', 'unsupported_media_type'] as const) : []),
    // Writes into the product's own schema; those of every product's routes, `/v1/products/{productId}/…`, go into the shared ones.
    ...(/^\/v1\/products\/[^{]/.test(path) && operation.requestBody && !('x-reads-only' in operation) ? (['quota_exceeded'] as const) : []),
    ...(path.startsWith('/v1/products/') ? (['product_suspended', 'product_archived', 'product_not_ready'] as const) : []),
  ];
}

function problemResponse(codes: readonly ErrorCode[]): Operation['responses'][string] {
  const comesBack = codes.some((code) => code === 'rate_limited' || CODES_ON_HTTP[code].status === 503);
  return {
    description: codes.map((code) => `\`${code}\`: ${CODES_ON_HTTP[code].title}.`).join(' '),
    ...(comesBack && {
      headers: { 'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 1 } } },
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemOf(EXAMPLES[code], EXAMPLE_REQUEST_ID) }])),
      },
    },
  };
}

const EXAMPLE_REQUEST_ID = '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e';

const example = (code: ErrorCode, detail: string): AppError => new AppError(code, detail);

const EXAMPLES: Readonly<Record<ErrorCode, AppError>> = {
  validation_failed: invalid('/limit', 'must be a whole number from 1 to 100'),
  unauthenticated: example('unauthenticated', 'Send a valid API key in the header Authorization: Bearer <key>.'),
  forbidden: example('forbidden', 'This API key may read but not write.'),
  not_found: notFound(),
  conflict: example('conflict', 'There already is one with the same key. Read or change that one, or use another key.'),
  product_suspended: example('product_suspended', 'This product is suspended; its data is untouched. An operator can resume it.'),
  product_archived: example('product_archived', 'This product is archived. Its data is kept as it was; an operator can bring it back.'),
  quota_exceeded: example('quota_exceeded', 'This product holds as much as it may: 1000000 rows. Reading and deleting go on; delete what is not needed, or ask an operator for more.'),
  product_not_ready: example('product_not_ready', 'The tables for this do not match this version of the service yet. An operator has to run the migrations.'),
  idempotency_key_reused: example('idempotency_key_reused', 'This Idempotency-Key came before with another body. Use a new key for a new request.'),
  idempotency_in_progress: example('idempotency_in_progress', 'The first request with this Idempotency-Key is still at work. Try again shortly.'),
  payload_too_large: example('payload_too_large', 'The body must not be larger than 33,554,432 bytes. Send it in several requests.'),
  unsupported_media_type: example('unsupported_media_type', 'Send the body as JSON, with content-type: application/json.'),
  method_not_allowed: example('method_not_allowed', 'This method is not available at this address.'),
  not_acceptable: example('not_acceptable', 'The answer is JSON: send accept: application/json.'),
  rate_limited: example('rate_limited', 'There were too many requests. Try again later.'),
  unavailable: example('unavailable', 'The database cannot take this request at the moment. Try again shortly.'),
  timeout: example('timeout', 'The database did not finish this in the time allowed, and nothing was changed. Ask for less at once, or try again later.'),
  internal: example('internal', 'This should not have happened, and it has been logged. If it happens again, report it with the requestId.'),
};

export const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'What went wrong (RFC 9457). Branch on `code`; `detail` is for people.',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri', example: 'urn:nagaya:problem:validation_failed' },
    title: { type: 'string', example: CODES_ON_HTTP.validation_failed.title },
    status: { type: 'integer', example: 400 },
    code: { type: 'string', enum: [...ERROR_CODES], example: 'validation_failed' },
    detail: { type: 'string', description: 'What happened and what to do next.' },
    errors: {
      type: 'array',
      description: 'Each field that has to change; 20 at most.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'A JSON Pointer into the body (empty: the body itself), or /query/…, /path/…, /header/….',
            example: '/items/1/userMessage',
          },
          detail: { type: 'string', example: 'must be at most 50 characters long; it has 51' },
        },
      },
    },
    requestId: { type: 'string', description: 'The x-request-id of the answer, to be found in the log.', example: EXAMPLE_REQUEST_ID },
  },
};
