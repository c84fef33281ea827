import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { AllowedMethods } from './allowed-methods.js';
import { KeyCache } from './key-cache.js';
import { KeyUsage } from './key-usage.js';
import type { Principal } from './principal.js';

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
    fastify.addHook('onRequest', (request: FastifyRequest, reply, done) => {
      const enter = (principal: Principal | undefined): void => whenDone(done, () => this.admit(request, reply, principal));
      let holder: ReturnType<KeyCache['holder']>;
      try {
        holder = this.holderOf(request);
      } catch (error) {
        return done(error as AppError);
      }
      // Whose key is known is let in at once: a promise for each request would cost more than looking it up.
      if (holder instanceof Promise) holder.then(enter, done);
      else enter(holder);
    });
  }

  private holderOf({ url, headers, ip }: FastifyRequest): ReturnType<KeyCache['holder']> {
    const key = KEYED.test(url) ? BEARER.exec(headers.authorization ?? '')?.[1] : undefined;
    return key === undefined ? undefined : this.keys.holder(key, ip);
  }

  private admit(request: FastifyRequest, reply: FastifyReply, principal: Principal | undefined): void {
    if (principal !== undefined) {
      request.principal = principal;
      this.usage.note(principal.keyId);
    } else if (KEYED.test(request.url)) throw unauthenticated();
    if (request.is404) this.refuseMethod(request, reply);
  }

  /** Where the address is right and the method is not, the answer says which are; to others it is as if nothing were there. */
  private refuseMethod({ url, principal }: FastifyRequest, reply: FastifyReply): void {
    const methods = this.allowed.of(url, principal);
    if (methods.length === 0) return;
    void reply.header('allow', methods.join(', '));
    throw new AppError('method_not_allowed', `This address takes ${methods.join(', ')}.`);
  }
}

/** What comes after the step is not part of it: an error there is its own. */
function whenDone(done: (error?: Error) => void, step: () => void): void {
  try {
    step();
  } catch (error) {
    return done(error as AppError);
  }
  return done();
}

export function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'Send a valid API key: "Authorization: Bearer ngy_…". It may be missing, mistyped, expired or revoked.');
}
