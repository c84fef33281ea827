import { AppError, type ErrorCode } from './app-error.js';

/** Seconds after which a caller may try again: spread out, so that all who failed together do not come back together. */
export function retrySoon(): number {
  return 1 + Math.floor(Math.random() * 5);
}

interface Meaning {
  code: ErrorCode;
  detail: string;
}

const UNAVAILABLE: Meaning = { code: 'unavailable', detail: 'The database cannot take this request at the moment. Try again shortly.' };
const TOOK_TOO_LONG: Meaning = {
  code: 'timeout',
  detail: 'The database did not finish this in the time allowed, and nothing was changed. Ask for less at once, or try again later.',
};
const LOST_A_RACE: Meaning = { code: 'unavailable', detail: 'This met another change of the same data, and nothing was changed. Try again.' };
const NOT_READY: Meaning = {
  code: 'product_not_ready',
  detail: 'The tables for this do not match this version of the service yet. An operator has to run the migrations.',
};
const BAD_VALUE: Meaning = { code: 'validation_failed', detail: 'A value in the request is not one that can be stored. Check it against the field descriptions.' };
const NO_PARTITION: Meaning = {
  code: 'validation_failed',
  detail: 'A timestamp lies outside the days that are kept: too far back for the retention, or too far ahead.',
};

/**
 * What a SQLSTATE means to a caller, by its whole code or by its class (the first two characters). What is not listed is a
 * fault of ours: `internal`, with the cause in the log. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATES: Readonly<Record<string, Meaning>> = {
  '08': UNAVAILABLE, // connection exceptions
  '22': BAD_VALUE, // data exceptions
  '23503': { code: 'conflict', detail: 'This refers to something that is not there, or something else still refers to it.' },
  '23505': { code: 'conflict', detail: 'There already is one with the same key. Read or change that one, or use another key.' },
  '23514': BAD_VALUE, // check_violation
  '23P01': { code: 'conflict', detail: 'This overlaps with something that already exists.' },
  '25006': UNAVAILABLE, // read_only_sql_transaction: a standby, during a failover
  '25P03': TOOK_TOO_LONG, // idle_in_transaction_session_timeout
  '25P04': TOOK_TOO_LONG, // transaction_timeout
  '28': UNAVAILABLE, // the service's own login was refused
  '3D000': UNAVAILABLE, // the database does not exist (yet)
  '3F000': NOT_READY, // invalid_schema_name
  '40001': LOST_A_RACE, // serialization_failure
  '40P01': LOST_A_RACE, // deadlock_detected
  '42703': NOT_READY, // undefined_column
  '42P01': NOT_READY, // undefined_table
  '53': UNAVAILABLE, // too many connections, disk full, out of memory
  '54000': BAD_VALUE, // program_limit_exceeded: a text too long for its index
  '55P03': TOOK_TOO_LONG, // lock_not_available
  '57014': TOOK_TOO_LONG, // query_canceled by statement_timeout
  '57P': UNAVAILABLE, // shutting down, crashed, starting up, idle session ended
};

/** Failures to reach the server, as Node names them. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Failures that pg and its pool report by message alone. */
const DRIVER_MESSAGES: readonly (readonly [start: string, meaning: Meaning])[] = [
  ['timeout exceeded when trying to connect', UNAVAILABLE],
  ['timeout expired', UNAVAILABLE],
  ['Connection terminated', UNAVAILABLE],
  ['Client has encountered a connection error', UNAVAILABLE],
  ['Client was closed and is not queryable', UNAVAILABLE],
  // TypeORM, about a transaction whose connection broke between two statements.
  ['Query runner already released', UNAVAILABLE],
  ['Cannot use a pool after calling end', UNAVAILABLE],
  ['Query read timeout', TOOK_TOO_LONG],
];

/**
 * The AppError for a failure of the database or of the way to it; undefined for any other error. Nothing of PostgreSQL's own
 * words, which name constraints, roles and values, goes into it.
 */
export function fromDatabaseError(error: unknown): AppError | undefined {
  const failure = driverError(error);
  const meaning = failure && meaningOf(failure);
  if (!meaning) return undefined;
  const retryAfter = meaning.code === 'unavailable' || meaning.code === 'product_not_ready' ? retrySoon() : undefined;
  return new AppError(meaning.code, meaning.detail, { cause: error, ...(retryAfter !== undefined && { retryAfter }) });
}

interface DriverError {
  message: string;
  code?: unknown;
  constraint?: unknown;
}

/** TypeORM keeps the driver's error in `driverError`. */
function driverError(error: unknown): DriverError | undefined {
  const inner = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return inner instanceof Error ? inner : undefined;
}

function meaningOf({ message, code, constraint }: DriverError): Meaning | undefined {
  if (typeof code === 'string') {
    if (NETWORK_CODES.has(code)) return UNAVAILABLE;
    // PostgreSQL reports a row without a partition as a check violation that has no constraint.
    if (code === '23514' && constraint === undefined) return NO_PARTITION;
    return SQLSTATES[code] ?? SQLSTATES[code.slice(0, 3)] ?? (code.length === 5 ? SQLSTATES[code.slice(0, 2)] : undefined);
  }
  return DRIVER_MESSAGES.find(([start]) => message.startsWith(start))?.[1];
}
