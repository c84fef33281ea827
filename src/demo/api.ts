import { randomUUID } from 'node:crypto';

import { AppError, ERROR_CODES } from '../errors/app-error.js';
import type { ErrorCode, FieldError } from '../errors/app-error.js';

type Method = 'GET' | 'POST' | 'PUT';

// A batch of conversations on the embedded engine takes about a second; a minute without an answer is a fault.
const TIMEOUT_MS = 60_000;

/** The REST API as the demo uses it. Whatever is not the expected answer ends in an AppError that names the operation. */
export class DemoApi {
  private readonly baseUrl: string;

  constructor(
    baseUrl: string,
    private readonly key: string,
    private readonly signal?: AbortSignal,
  ) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
  }

  get<T>(operation: string, path: string, query: Record<string, string> = {}): Promise<T> {
    const search = new URLSearchParams(query).toString();
    return this.send<T>(operation, 'GET', search === '' ? path : `${path}?${search}`);
  }

  put<T>(operation: string, path: string, body: object): Promise<T> {
    return this.send<T>(operation, 'PUT', path, body);
  }

  /** A POST that writes: it carries an idempotency key, so that a proxy that repeats it does no harm. */
  create<T>(operation: string, path: string, body: object): Promise<T> {
    return this.send<T>(operation, 'POST', path, body, { 'idempotency-key': randomUUID() });
  }

  /** A POST that only asks, like a search. */
  ask<T>(operation: string, path: string, body: object): Promise<T> {
    return this.send<T>(operation, 'POST', path, body);
  }

  private async send<T>(operation: string, method: Method, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const { response, text } = await this.exchange(operation, path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        accept: 'application/json, application/problem+json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
    });
    if (!response.ok) throw failure(operation, `${method} ${path}`, response.status, text);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new AppError('internal', `${operation}: ${method} ${path} answered ${response.status}, but not in JSON. Is this address Nagaya's?`, { cause });
    }
  }

  private async exchange(operation: string, path: string, init: RequestInit): Promise<{ response: Response; text: string }> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(`${this.baseUrl}${path}`, {
        ...init,
        signal: this.signal === undefined ? timeout : AbortSignal.any([this.signal, timeout]),
      });
      return { response, text: await response.text() };
    } catch (cause) {
      this.signal?.throwIfAborted();
      if (timeout.aborted) {
        throw new AppError('timeout', `${operation}: ${this.baseUrl}${path} gave no answer in ${TIMEOUT_MS / 1000} s.`, { cause });
      }
      throw new AppError('unavailable', `${operation}: nothing answers at ${this.baseUrl}. Start Nagaya there first (nagaya start).`, { cause });
    }
  }
}

interface Problem {
  code?: unknown;
  title?: unknown;
  detail?: unknown;
  errors?: unknown;
  requestId?: unknown;
}

function failure(operation: string, request: string, status: number, text: string): AppError {
  const problem = readProblem(text);
  const known = ERROR_CODES.find((code): code is ErrorCode => code === problem.code);
  const fields = fieldErrors(problem.errors);
  const lines = [
    `${operation}: ${request} answered ${status}${typeof problem.code === 'string' ? ` ${problem.code}` : ''}.`,
    typeof problem.detail === 'string' ? problem.detail : `The answer is no problem+json: ${text.slice(0, 200)}`,
    ...fields.map((field) => `  ${field.pointer}: ${field.detail}`),
    ...(typeof problem.requestId === 'string' ? [`  (request ${problem.requestId})`] : []),
  ];
  return new AppError(known ?? 'internal', lines.join('\n'), { fields });
}

function readProblem(text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // A proxy's HTML page, say: the caller shows the beginning of it.
    return {};
  }
}

function fieldErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item: unknown): item is FieldError =>
      typeof item === 'object' && item !== null && 'pointer' in item && typeof item.pointer === 'string' && 'detail' in item && typeof item.detail === 'string',
  );
}
