import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
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
  ) {}

  /** Everything under `/v1` needs a key, also what does not exist: without one, nobody maps the routes. */
  guard(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request: FastifyRequest) => {
      if (!KEYED.test(request.url)) return;
      const key = BEARER.exec(request.headers.authorization ?? '')?.[1];
      const principal = key === undefined ? undefined : await this.keys.holder(key);
      if (principal === undefined) throw unauthenticated();
      request.principal = principal;
      this.usage.note(principal.keyId);
    });
  }
}

export function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'Send a valid API key: "Authorization: Bearer ngy_…". It may be missing, mistyped, expired or revoked.');
}
