import { randomInt } from 'node:crypto';
import { BatchRunner } from './batch-runner.js';
import { ClientSocket, ConnectionGone } from './client-socket.js';
import { EngineFailure } from './engine.js';
import { LoginFailure, logIn } from './login-conversation.js';
import { reportedSettings } from './logins.js';
import type { Reception } from './reception.js';
import { waitedTooLong, type Claimant } from './session-queue.js';
import { LoginRefused, type Login } from './session.js';
import { backendKeyData, errorResponse, negotiateProtocolVersion, parameterStatus, readyForQuery, type ErrorFields } from './wire/backend-messages.js';
import type { FrontendMessage } from './wire/frontend-messages.js';
import { ProtocolViolation } from './wire/frontend-reader.js';
import { readStartup } from './wire/startup-packet.js';

const LOGIN_LIMIT_MS = 30_000;

/** These end a batch: the client waits for an answer. Sync, Query, a function call; Flush ends a part of one. */
const ENDS_BATCH = new Set(['S', 'Q', 'F', 'H']);
/** What is left of a COPY that was refused. */
const COPY_LEFTOVERS = new Set(['d', 'c', 'f']);

/** One client: its login, then its batches, each run when the session is given to it. */
export class ClientConnection implements Claimant {
  login: Login | undefined;
  private runner: BatchRunner | undefined;
  private batch: FrontendMessage[] = [];
  private batchBytes = 0;
  private state: 'idle' | 'waiting' | 'holding' = 'idle';
  /** A part of a batch was refused by the front end; the rest of it goes unheard. */
  private skippingToSync = false;
  private pumping = false;

  constructor(
    private readonly socket: ClientSocket,
    private readonly reception: Reception,
    private readonly processId: number,
  ) {}

  get isIdle(): boolean {
    return this.state === 'idle' && this.batch.length === 0;
  }

  async serve(): Promise<void> {
    const limit = setTimeout(() => this.socket.end({ severity: 'FATAL', code: '08006', message: 'the login took too long' }), LOGIN_LIMIT_MS);
    try {
      const login = await this.greet();
      if (!login) {
        this.socket.end();
        return this.leave();
      }
      this.runner = new BatchRunner(login, this.reception);
      this.socket.onGone = () => this.leave();
      this.socket.onReady = () => this.guarded(() => this.pump());
      this.socket.onReady();
    } catch (error) {
      this.fail(error);
    } finally {
      clearTimeout(limit);
    }
  }

  granted(): void {
    this.state = 'holding';
    this.guarded(() => {
      this.runBatch();
      this.pump();
    });
  }

  expired(seconds: number): void {
    this.state = 'idle';
    const ending = this.batch.at(-1)?.type;
    this.dropBatch();
    this.socket.send(errorResponse({ severity: 'ERROR', ...waitedTooLong(seconds) }));
    if (ending === 'H') this.skippingToSync = true;
    else this.socket.send(readyForQuery('I'));
    this.guarded(() => this.pump());
  }

  overstayed(): void {
    this.end({
      severity: 'FATAL',
      code: '25P03',
      message: 'terminating connection due to idle-in-transaction timeout: others wait for the embedded database\'s one session',
    });
  }

  /** Says why and leaves; an open transaction is rolled back. */
  end(farewell: ErrorFields): void {
    this.socket.end(farewell);
    this.leave();
  }

  private async greet(): Promise<Login | undefined> {
    for (;;) {
      const startup = readStartup(await this.socket.receive((reader) => reader.nextStartup()));
      // A cancel request can't be served, as the engine hears nothing while it works; no client expects an answer.
      if (startup.kind === 'cancel') return undefined;
      if (startup.kind === 'login') return await this.logIn(startup);
      this.socket.send(Buffer.from('N'));
    }
  }

  private async logIn(startup: Parameters<typeof logIn>[0]): Promise<Login> {
    const { reception, socket } = this;
    if (reception.closing) throw new LoginFailure('57P03', 'the embedded database is shutting down');
    if (startup.newerMinor || startup.declined.length > 0) socket.send(negotiateProtocolVersion(startup.declined));
    const login = await logIn(startup, {
      send: (bytes) => socket.send(bytes),
      receive: () => socket.receive((reader) => reader.nextOfLogin()),
      findRole: (name) => reception.findRole(name),
      connectionsOf: (roleOid) => reception.connectionsOf(roleOid),
    });
    this.login = login;
    const settings = await reception.withSession(() => {
      reception.session.makeReadyFor(login);
      return reportedSettings(reception.engine);
    });
    if (socket.isOver) throw new ConnectionGone('The client has left.');
    socket.send(...settings.map(([name, value]) => parameterStatus(name, value)));
    socket.send(backendKeyData(this.processId, randomInt(2 ** 31)), readyForQuery('I'));
    return login;
  }

  private pump(): void {
    // Reached again from within, where the session is granted at once: the loop below goes on anyway.
    if (this.pumping) return;
    this.pumping = true;
    try {
      this.takeAll();
    } finally {
      this.pumping = false;
    }
    this.socket.holdBack(this.state === 'waiting' || this.socket.isCongested);
  }

  private takeAll(): void {
    while (this.state !== 'waiting' && !this.socket.isOver && !this.socket.isCongested) {
      const message = this.socket.reader.next(this.reception.messageLimitBytes - this.batchBytes);
      if (!message) return;
      this.take(message);
    }
  }

  private take(message: FrontendMessage): void {
    if (message.type === 'X') {
      this.socket.end();
      return this.leave();
    }
    if (COPY_LEFTOVERS.has(message.type)) return;
    if (this.skippingToSync) {
      if (message.type !== 'S') return;
      this.skippingToSync = false;
      return this.socket.send(readyForQuery('I'));
    }
    // A Flush with nothing before it asks for nothing, and would keep the session.
    if (message.type === 'H' && this.batch.length === 0) return;
    this.batch.push(message);
    this.batchBytes += message.bytes.length;
    if (!ENDS_BATCH.has(message.type)) return;
    if (this.state === 'holding') return this.runBatch();
    this.state = 'waiting';
    this.reception.queue.claim(this);
  }

  private runBatch(): void {
    const { runner, batch } = this;
    this.dropBatch();
    if (!runner) throw new Error('No batch comes before the login.');
    this.reception.queue.touch();
    const { chunks, finished } = runner.run(batch);
    this.socket.send(...chunks);
    if (finished && this.state === 'holding') this.release();
  }

  private release(): void {
    this.state = 'idle';
    this.reception.queue.release(this);
    if (this.reception.closing) this.end({ severity: 'FATAL', code: '57P01', message: 'terminating connection: the embedded database is shutting down' });
  }

  /** The client is gone, or is to go: what it left open is undone. */
  private leave(): void {
    this.dropBatch();
    const { state } = this;
    this.state = 'idle';
    this.reception.onGone(this);
    if (state === 'waiting') this.reception.queue.withdraw(this);
    if (state !== 'holding') return;
    this.guarded(() => this.runner?.abandon());
    this.reception.queue.release(this);
  }

  private dropBatch(): void {
    this.batch = [];
    this.batchBytes = 0;
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (error instanceof EngineFailure) return this.reception.onEngineFailure(error);
    this.end(farewellFor(error));
  }
}

function farewellFor(error: unknown): ErrorFields {
  if (error instanceof LoginFailure) return error.fields;
  if (error instanceof LoginRefused || error instanceof ProtocolViolation) return { severity: 'FATAL', code: error.code, message: error.message };
  if (error instanceof ConnectionGone) return { severity: 'FATAL', code: '08006', message: error.message };
  // A fault of the front end: the worker ends, and is started again.
  throw error;
}
