import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { accessOf, READING_METHODS } from './access.js';
import { AuditLog } from './audit-log.js';

/**
 * Writes down what an operator is about to change, and what anybody is about to erase, before it is done: a crash in between
 * leaves a line too many, never a change without a line. Bodies are not kept; they may hold secrets. A guard, because it comes after the one that lets
 * in and, unlike an interceptor, costs a product's requests nothing.
 */
@Injectable()
export class AuditGuard implements CanActivate {
  constructor(private readonly log: AuditLog) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    const { reads, audited } = accessOf(context);
    const isAudited = principal !== undefined && (principal.productId === null || audited);
    if (!isAudited || reads || READING_METHODS.has(request.method)) return true;
    return this.log
      .append({
        actor: principal.name,
        apiKeyId: principal.keyId,
        action: `${request.method} ${request.routeOptions.url ?? ''}`,
        target: request.url.split('?', 1)[0] ?? '',
        requestId: request.id,
      })
      .then(() => true);
  }
}
