/**
 * Every failure a caller can meet has one stable code. Clients branch on the code, people read the detail;
 * HTTP statuses live in `problem-json.filter.ts`, exit statuses in the commands.
 */
export const ERROR_CODES = [
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'product_suspended',
  'product_archived',
  'product_not_ready',
  'idempotency_key_reused',
  'idempotency_in_progress',
  'payload_too_large',
  'unsupported_media_type',
  'method_not_allowed',
  'not_acceptable',
  'rate_limited',
  'quota_exceeded',
  'unavailable',
  'timeout',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One thing wrong with the input. `pointer` is a JSON Pointer into the body, or `/query/<name>`, `/path/<name>`, `/header/<name>`. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/**
 * The one error type that services throw. `detail` is a sentence for the caller: what happened and what to do next,
 * never a stack, SQL, or the name of a role or constraint. The original failure goes into `cause`, for the log alone.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { fields?: readonly FieldError[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/**
 * One sentence for everything that is not there or not the caller's: the two must look alike, so that an answer
 * never tells whether somebody else's row exists.
 */
export function notFound(): AppError {
  return new AppError('not_found', 'There is nothing at this address that this key may see. Check the address and the key.');
}

/** Input that is well-formed JSON but not what the operation takes. Services use it for rules that span fields. */
export function invalid(pointer: string, detail: string): AppError {
  return invalidFields([{ pointer, detail }]);
}

/** As `invalid`, for several fields at once. */
export function invalidFields(fields: readonly FieldError[]): AppError {
  return new AppError('validation_failed', 'The request is not valid: see "errors" for each field that has to change.', { fields });
}
