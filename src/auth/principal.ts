import type { Permission } from './api-key.entity.js';

/** Who makes a request: the key that came with it. */
export interface Principal {
  readonly keyId: string;
  readonly name: string;
  /** null: an operator. */
  readonly productId: string | null;
  readonly permissions: readonly Permission[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard on everything under `/v1/`. */
    principal?: Principal;
  }
}
