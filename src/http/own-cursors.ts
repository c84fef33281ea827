import { createHash } from 'node:crypto';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { invalid } from '../errors/app-error.js';

/** Enough to tell lists apart; who makes up a cursor with a mark of their own only reads a list that they may read. */
const MARK_BYTES = 6;
const MARK_LENGTH = (MARK_BYTES * 4) / 3;

/**
 * Puts the mark of its list on every cursor that goes out, and takes it off where it comes back, so that a list goes on only from
 * where itself stopped: the places of most lists look the same, and one of another list would quietly leave rows out.
 */
@Injectable()
export class OwnCursors implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const query = request.query as Record<string, unknown>;
    if (typeof query['cursor'] === 'string') query['cursor'] = withoutMark(query['cursor'], markOf(request.url));
    return next.handle().pipe(
      map((page: { nextCursor: string | null }) => (page.nextCursor === null ? page : { ...page, nextCursor: markOf(request.url) + page.nextCursor })),
    );
  }
}

/** The one failure of everything that is no cursor of this list. */
export function noCursor(): Error {
  return invalid('/query/cursor', 'must be a nextCursor that this list has answered');
}

/** A list is its address, whatever it is filtered by. @param url with or without a query */
export function markOf(url: string): string {
  const path = decodeURIComponent(url.replace(/\?.*$/s, ''));
  return createHash('sha256').update(path).digest().subarray(0, MARK_BYTES).toString('base64url');
}

function withoutMark(cursor: string, mark: string): string {
  if (!cursor.startsWith(mark)) throw noCursor();
  return cursor.slice(MARK_LENGTH);
}
