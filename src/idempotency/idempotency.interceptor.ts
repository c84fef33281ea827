import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { accessOf } from '../auth/access.js';
import { productOf } from '../auth/access.guard.js';
import type { Principal } from '../auth/principal.js';
import { Databases } from '../database/databases.js';
import { invalid } from '../errors/app-error.js';
import { once } from './idempotency-records.js';

/** Printable ASCII, as HTTP fields and logs carry it unharmed. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * A POST that writes and names itself with an Idempotency-Key is carried out once. Stands before those routes alone. It runs in one transaction with its
 * record, on the login that the request works with: the product's, or for operators' own routes the control role's.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly databases: Databases) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { headers, principal } = request;
    if (headers['idempotency-key'] === undefined || principal === undefined) return next.handle();
    // A handler that two controllers inherit may write in the one and only read in the other.
    const { reads, repeatable } = accessOf(context);
    if (reads || repeatable) return next.handle();
    return this.carryOutOnce(context, principal, next);
  }

  private async carryOutOnce(context: ExecutionContext, principal: Principal, next: CallHandler): Promise<Observable<unknown>> {
    const { access, once: shownOnce } = accessOf(context);
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw invalid('/header/idempotency-key', 'must be 1 to 255 printable ASCII characters, sent once');
    }
    const database = access === 'product' ? this.databases.product(productOf(request)) : this.databases.control;
    const reply = http.getResponse<FastifyReply>();
    let response: unknown;
    const recorded = await once(
      database,
      { apiKeyId: principal.keyId, method: request.method, path: request.url, key, body: request.body },
      async () => {
        response = await lastValueFrom(next.handle());
        return { location: String(reply.getHeader('location') ?? '') || null, response: without(shownOnce, response) };
      },
    );
    if (!recorded.repeated) return from([response]);
    if (recorded.location !== null) void reply.header('location', recorded.location);
    void reply.header('idempotent-replayed', 'true');
    return from([recorded.response]);
  }
}

/** What is shown once is not kept either. */
function without(property: string | undefined, response: unknown): unknown {
  if (property === undefined || typeof response !== 'object' || response === null) return response;
  const { [property]: _, ...rest } = response as Record<string, unknown>;
  return rest;
}
