import rateLimit from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';

const WINDOW_MS = 60_000;
/** Keys remembered at once; more than that many in a minute are no attack that counting would stop. */
const REMEMBERED_KEYS = 10_000;

/**
 * So many requests a minute and key, counted by each process for itself. Comes after authentication: who has no key
 * has been refused by then, and the probes and documentation are not counted.
 * @param perMinute 0 for no limit
 */
export async function limitRate(app: NestFastifyApplication, perMinute: number): Promise<void> {
  if (perMinute === 0) return;
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: WINDOW_MS,
    cache: REMEMBERED_KEYS,
    // RateLimit-Limit, -Remaining and -Reset, and Retry-After on 429.
    enableDraftSpec: true,
    keyGenerator: (request: FastifyRequest) => request.principal?.keyId ?? request.ip,
    allowList: (request: FastifyRequest) => request.principal === undefined,
    errorResponseBuilder: (_request, { ttl }) =>
      new AppError('rate_limited', `This key has made its ${perMinute} requests of this minute. Wait, or ask an operator for more.`, {
        retryAfter: Math.max(1, Math.ceil(ttl / 1_000)),
      }),
  });
}
