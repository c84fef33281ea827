import { randomUUID } from 'node:crypto';

import { nagayaClient, once } from '../../clients/typescript/src/index.js';
import { AppError, ERROR_CODES } from '../errors/app-error.js';
import type { ErrorCode, FieldError } from '../errors/app-error.js';

// A batch of conversations on the embedded engine takes about a second; a minute without an answer is a fault.
const TIMEOUT_MS = 60_000;

/** What a call of the typed client comes to. */
interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The REST API as the demo uses it, by the typed client that everybody else may use. Whatever is not the expected answer ends in an AppError. */
export class DemoApi {
  /** Every path of the API with its parameters, body and answer. */
  readonly at: ReturnType<typeof nagayaClient>;
  private readonly requests = new WeakMap<Response, Request>();

  constructor(
    private readonly url: string,
    key: string,
    private readonly signal?: AbortSignal,
  ) {
    this.at = nagayaClient({ url, key, redirect: 'error', fetch: (request) => this.send(request) });
  }

  /** @throws AppError that names the operation, where what was asked did not succeed */
  async answer<T>(operation: string, asked: Promise<Answered<T>>): Promise<T> {
    const { data, error, response } = await asked.catch((cause: unknown) => {
      throw this.withoutAnswer(operation, cause);
    });
    if (!response.ok) throw failure(operation, `${this.requestOf(response)} answered ${response.status}`, error);
    return data as T;
  }

  private async send(request: Request): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(request, { signal: this.signal === undefined ? timeout : AbortSignal.any([this.signal, timeout]) });
    this.requests.set(response, request);
    return response;
  }

  private requestOf(response: Response): string {
    const request = this.requests.get(response);
    return request === undefined ? 'the request' : `${request.method} ${new URL(request.url).pathname}`;
  }

  private withoutAnswer(operation: string, cause: unknown): unknown {
    if (this.signal?.aborted) return this.signal.reason;
    const { name } = cause as Partial<Error>;
    if (name === 'SyntaxError') return new AppError('internal', `${operation}: ${this.url} answered, but not in JSON. Is this address Nagaya's?`, { cause });
    if (name === 'TimeoutError') return new AppError('timeout', `${operation}: ${this.url} gave no answer in ${TIMEOUT_MS / 1000} s.`, { cause });
    return new AppError('unavailable', `${operation}: nothing answers at ${this.url}. Start Nagaya there first (nagaya start).`, { cause });
  }
}

/** Headers of a POST that writes: a proxy that repeats it does no harm. */
export function onlyOnce(): { headers: ReturnType<typeof once> } {
  return { headers: once(randomUUID()) };
}

interface Problem {
  code?: unknown;
  title?: unknown;
  detail?: unknown;
  errors?: unknown;
  requestId?: unknown;
}

/** @param answer the body: a problem, or the text of whatever else answered, such as a proxy's page */
function failure(operation: string, what: string, answer: unknown): AppError {
  const problem: Problem = typeof answer === 'object' && answer !== null ? answer : {};
  const known = ERROR_CODES.find((code): code is ErrorCode => code === problem.code);
  const fields = fieldErrors(problem.errors);
  const lines = [
    `${operation}: ${what}${typeof problem.code === 'string' ? ` ${problem.code}` : ''}.`,
    typeof problem.detail === 'string' ? problem.detail : `The answer is no problem+json: ${String(answer).slice(0, 200)}`,
    ...fields.map((field) => `  ${field.pointer}: ${field.detail}`),
    ...(typeof problem.requestId === 'string' ? [`  (request ${problem.requestId})`] : []),
  ];
  return new AppError(known ?? 'internal', lines.join('\n'), { fields });
}

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item: unknown): item is FieldError =>
      typeof item === 'object' && item !== null && 'pointer' in item && typeof item.pointer === 'string' && 'detail' in item && typeof item.detail === 'string',
  );
}
