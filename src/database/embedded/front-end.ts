import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientConnection } from './client-connection.js';
import { ClientSocket } from './client-socket.js';
import type { Engine, EngineFailure } from './engine.js';
import { LoginFailure } from './login-conversation.js';
import { findRole, type RoleRecord } from './logins.js';
import type { Reception } from './reception.js';
import { SessionQueue, waitedTooLong, type QueueLimits } from './session-queue.js';
import { Session } from './session.js';
import { errorResponse, type ErrorFields } from './wire/backend-messages.js';

export interface FrontEndOptions {
  readonly limits: QueueLimits;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
  readonly onEngineFailure: (failure: EngineFailure) => void;
}

const MESSAGE_LIMIT_BYTES = 256 * 1024 * 1024;
/** Bounds memory, and what a pool gone wild can take; `max_connections` says 100, which the pools plan by. */
const CONNECTION_LIMIT = 500;

const SHUTTING_DOWN: ErrorFields = {
  severity: 'FATAL',
  code: '57P01',
  message: 'terminating connection: the embedded database is shutting down',
};
const CRASHED: ErrorFields = {
  severity: 'FATAL',
  code: '57P02',
  message: 'the embedded database failed and starts again: what was not committed is undone',
};

/** Listens on the loopback interface and lets clients at the one session, one batch or transaction after the other. */
export class FrontEnd implements Reception {
  readonly session: Session;
  readonly queue: SessionQueue;
  readonly messageLimitBytes = MESSAGE_LIMIT_BYTES;
  closing = false;
  private readonly connections = new Set<ClientConnection>();
  private readonly server: Server;
  private lastProcessId = 0;

  constructor(
    readonly engine: Engine,
    private readonly options: FrontEndOptions,
  ) {
    this.session = new Session(engine, (message) => options.log('warn', message));
    this.queue = new SessionQueue(options.limits, () => engine.busyMs);
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Answers the port. @throws the system's error, EADDRINUSE for one */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  /** Takes nobody new, lets who has begun finish, for `drainMs` at most, and leaves the engine to the caller. */
  async stop(drainMs: number): Promise<void> {
    this.closing = true;
    this.server.close();
    for (const connection of this.connections) if (connection.isIdle) connection.end(SHUTTING_DOWN);
    const until = performance.now() + drainMs;
    while (this.connections.size > 0 && performance.now() < until) await sleep(20);
    for (const connection of this.connections) connection.end(SHUTTING_DOWN);
  }

  /** The engine is lost: everybody is sent away, to come back. */
  abort(): void {
    this.closing = true;
    this.server.close();
    for (const connection of this.connections) connection.end(CRASHED);
  }

  withSession<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const claimant = {
        granted: () => {
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          } finally {
            this.queue.release(claimant);
          }
        },
        expired: (seconds: number) => {
          const { code, message, hint } = waitedTooLong(seconds);
          reject(new LoginFailure(code, message, hint));
        },
        // Gives it back in the same breath.
        overstayed: () => {},
      };
      this.queue.claim(claimant);
    });
  }

  findRole(name: string): Promise<RoleRecord | undefined> {
    return this.withSession(() => {
      this.session.makeReadyForSuperuser();
      return findRole(this.engine, name);
    });
  }

  connectionsOf(roleOid: number): number {
    let count = 0;
    for (const { login } of this.connections) if (login?.roleOid === roleOid) count += 1;
    return count;
  }

  onGone(connection: ClientConnection): void {
    this.connections.delete(connection);
  }

  onEngineFailure(failure: EngineFailure): void {
    if (this.closing) return;
    this.abort();
    this.options.onEngineFailure(failure);
  }

  private accept(socket: Socket): void {
    if (this.connections.size >= CONNECTION_LIMIT) {
      socket.on('error', () => {});
      socket.end(errorResponse({ severity: 'FATAL', code: '53300', message: 'sorry, too many clients already' }));
      return;
    }
    this.lastProcessId += 1;
    const connection = new ClientConnection(new ClientSocket(socket, MESSAGE_LIMIT_BYTES), this, this.lastProcessId);
    this.connections.add(connection);
    void connection.serve();
  }
}
