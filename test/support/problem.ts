import type { Answer } from './service.js';

/** The places that a refusal names, in its order. */
export function pointersOf({ body }: Answer): string[] {
  return ((body['errors'] ?? []) as { pointer: string }[]).map((error) => error.pointer);
}

/** A refusal in short: status, code, places. */
export function refusal(answer: Answer): [status: number, code: unknown, ...pointers: string[]] {
  return [answer.status, answer.body['code'], ...pointersOf(answer)];
}
