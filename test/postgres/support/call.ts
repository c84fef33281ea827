import { expect } from '@jest/globals';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers of every shape; `expect` is what checks them.
  readonly body: Record<string, never> & { items: never[] };
}

/** One request to a service that runs anywhere. */
export async function call(url: string, method: string, key: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as Answer['body'] };
}

/** What every failure looks like, whatever went wrong behind it. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ status, code })]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  if (status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
}
