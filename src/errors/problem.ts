import { HttpException } from '@nestjs/common';
import { AppError, invalid, notFound, type ErrorCode, type FieldError } from './app-error.js';
import { fromDatabaseError, retrySoon } from './sqlstate.js';

interface CodeOnHttp {
  status: number;
  title: string;
}

/** The HTTP status and the title of every code. */
export const CODES_ON_HTTP: Readonly<Record<ErrorCode, CodeOnHttp>> = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid API key is required' },
  forbidden: { status: 403, title: 'The API key does not allow this' },
  product_suspended: { status: 403, title: 'The product is suspended' },
  product_archived: { status: 403, title: 'The product is archived' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  not_acceptable: { status: 406, title: 'The answer cannot be given in this form' },
  conflict: { status: 409, title: 'The request conflicts with what is there' },
  idempotency_in_progress: { status: 409, title: 'The same request is still at work' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  product_not_ready: { status: 503, title: 'The product is not ready' },
  unavailable: { status: 503, title: 'Unavailable for the moment' },
  quota_exceeded: { status: 507, title: 'The product holds as much as it may' },
  timeout: { status: 504, title: 'It took too long' },
};

/** The body of every answer that is an error (RFC 9457). `type` is a name, not a place to look up. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  errors?: readonly FieldError[];
  requestId: string;
}

export function problemOf(error: AppError, requestId: string, status = CODES_ON_HTTP[error.code].status): Problem {
  return {
    type: `urn:nagaya:problem:${error.code}`,
    title: CODES_ON_HTTP[error.code].title,
    status,
    code: error.code,
    detail: error.message,
    ...(error.fields.length > 0 && { errors: error.fields }),
    requestId,
  };
}

/** Headers that go with a problem. A 503 always says when to come back. */
export function problemHeaders(error: AppError): Record<string, string> {
  const retryAfter = error.retryAfter ?? (CODES_ON_HTTP[error.code].status === 503 ? retrySoon() : undefined);
  return {
    'content-type': 'application/problem+json; charset=utf-8',
    ...(retryAfter !== undefined && { 'retry-after': String(Math.ceil(retryAfter)) }),
    ...(error.code === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
  };
}

/** Whatever was thrown, as the one kind of error that callers see. Words of libraries and of the database do not get through. */
export function asAppError(thrown: unknown, bodyLimit: number): AppError {
  if (thrown instanceof AppError) return thrown;
  // Nest wraps what Fastify throws, and keeps it as the cause.
  const origin = thrown instanceof HttpException && thrown.cause !== undefined ? thrown.cause : thrown;
  if (origin instanceof AppError) return origin;
  return fromFastifyError(origin, bodyLimit) ?? fromHttpStatus(thrown) ?? fromDatabaseError(origin) ?? internal(thrown);
}

function internal(cause: unknown): AppError {
  return new AppError('internal', 'This should not have happened, and it has been logged. If it happens again, report it with the requestId.', {
    cause,
  });
}

function fromFastifyError(error: unknown, bodyLimit: number): AppError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('payload_too_large', `The body must not be larger than ${bodyLimit.toLocaleString('en')} bytes. Send it in several requests.`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('unsupported_media_type', 'Send the body as JSON, with content-type: application/json.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalid('/header/content-length', 'must be the length of the body');
    case 'FST_ERR_BAD_URL':
      return invalid('/path', 'must be valid percent-encoded UTF-8');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return invalid('/path', 'has a part that is too long');
    case 'FST_ERR_HANDLER_TIMEOUT':
      return new AppError('timeout', 'This was not finished in the time allowed.', { cause: error });
    default:
      return undefined;
  }
}

/** Errors that carry a status below 500, of Nest or of other libraries. */
function fromHttpStatus(error: unknown): AppError | undefined {
  const status = error instanceof HttpException ? error.getStatus() : statusCodeOf(error);
  if (status === undefined || status < 400 || (status >= 500 && status !== 503)) return undefined;
  switch (status) {
    case 401:
      return new AppError('unauthenticated', 'Send a valid API key in the header Authorization: Bearer <key>.');
    case 403:
      return new AppError('forbidden', 'This API key may not do this.');
    case 404:
      return notFound();
    case 405:
      return new AppError('method_not_allowed', 'This method is not available at this address.');
    case 406:
      return new AppError('not_acceptable', 'The answer is JSON: send accept: application/json.');
    case 409:
      return new AppError('conflict', 'The request conflicts with what is there.');
    case 413:
      return new AppError('payload_too_large', 'The body is too large.');
    case 415:
      return new AppError('unsupported_media_type', 'Send the body as JSON, with content-type: application/json.');
    case 429:
      return new AppError('rate_limited', 'There were too many requests. Try again later.');
    case 503:
      return new AppError('unavailable', 'The service cannot take this request at the moment. Try again shortly.', { cause: error });
    default:
      return new AppError('validation_failed', 'The request could not be understood.');
  }
}

function statusCodeOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
