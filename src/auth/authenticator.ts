import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { AllowedMethods } from './allowed-methods.js';
import { KeyCache } from './key-cache.js';
import { KeyUsage } from './key-usage.js';
import './principal.js';

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;
const KEYED = /^\/v1(?:[/?]|$)/;

/** Finds out who asks, before the body is read: who has no key can't make the service parse anything. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly keys: KeyCache,
    private readonly usage: KeyUsage,
    private readonly allowed: AllowedMethods,
  ) {}

  /** Everything under `/v1` needs a key, also what does not exist: without one, nobody maps the routes. */
  guard(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request: FastifyRequest, reply) => {
      if (KEYED.test(request.url)) await this.admit(request);
      if (request.is404) this.refuseMethod(request, reply);
    });
  }

  private async admit(request: FastifyRequest): Promise<void> {
    const key = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const principal = key === undefined ? undefined : await this.keys.holder(key, request.ip);
    if (principal === undefined) throw unauthenticated();
    request.principal = principal;
    this.usage.note(principal.keyId);
  }

  /** Where the address is right and the method is not, the answer says which are; to others it is as if nothing were there. */
  private refuseMethod({ url, principal }: FastifyRequest, reply: FastifyReply): void {
    const methods = this.allowed.of(url, principal);
    if (methods.length === 0) return;
    void reply.header('allow', methods.join(', '));
    throw new AppError('method_not_allowed', `This address takes ${methods.join(', ')}.`);
  }
}

export function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'Send a valid API key: "Authorization: Bearer ngy_…". It may be missing, mistyped, expired or revoked.');
}
