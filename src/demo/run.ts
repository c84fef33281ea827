import { randomBytes } from 'node:crypto';

import { AppError } from '../errors/app-error.js';

export const PRODUCT = 'coding_rule2';
/** Of the paths that every product has. */
export const OF_PRODUCT = { productId: PRODUCT };

/** One playing of the day. Its id is part of every session id, so that days played twice stay apart. */
export interface Run {
  readonly id: string;
  /** The end of the played day: metrics and events lie in the hours before it. */
  readonly end: Date;
  sessionId(key: string): string;
}

export function newRun(end: Date): Run {
  const id = `${end.toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(3).toString('hex')}`;
  return { id, end, sessionId: (key) => `${key}-${id}` };
}

/** The server has to acknowledge every row that was sent; a count that differs is a fault to report, not to print. */
export function acknowledged(operation: string, sent: number, count: number | undefined): void {
  if (count !== sent) {
    throw new AppError('internal', `${operation}: ${sent} were sent, ${count ?? 'no number'} acknowledged.`);
  }
}
