import type { ClientConnection } from './client-connection.js';
import type { Engine, EngineFailure } from './engine.js';
import type { RoleRecord } from './logins.js';
import type { SessionQueue } from './session-queue.js';
import type { Session } from './session.js';

/** What a client's connection needs of the front end that accepted it. */
export interface Reception {
  readonly engine: Engine;
  readonly session: Session;
  readonly queue: SessionQueue;
  readonly messageLimitBytes: number;
  /** Nobody may begin anything new. */
  readonly closing: boolean;
  /** Runs `work` when the session is free, and gives it back at once. @throws LoginFailure 55P03 after the waiting limit */
  withSession<T>(work: () => T): Promise<T>;
  findRole(name: string): Promise<RoleRecord | undefined>;
  connectionsOf(roleOid: number): number;
  onGone(connection: ClientConnection): void;
  onEngineFailure(failure: EngineFailure): void;
}
