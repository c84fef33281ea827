import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { AUDITED, READING_METHODS, READS } from './access.js';
import { AuditLog } from './audit-log.js';

/**
 * Writes down what an operator is about to change, and what anybody is about to erase, before it is done: a crash in between leaves a line too many,
 * never a change without a line. Bodies are not kept; they may hold secrets.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly log: AuditLog,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    const reads = READING_METHODS.has(request.method) || this.reflector.getAllAndOverride<boolean | undefined>(READS, [context.getHandler()]) === true;
    const isAudited = principal?.productId === null || this.reflector.get<boolean | undefined>(AUDITED, context.getHandler()) === true;
    if (principal !== undefined && isAudited && !reads) {
      await this.log.append({
        actor: principal.name,
        apiKeyId: principal.keyId,
        action: `${request.method} ${request.routeOptions.url ?? ''}`,
        target: request.url.split('?', 1)[0] ?? '',
        requestId: request.id,
      });
    }
    return next.handle();
  }
}
