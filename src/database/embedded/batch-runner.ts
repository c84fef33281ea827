import { EngineFailure } from './engine.js';
import { PreparedStatements } from './prepared-statements.js';
import type { Reception } from './reception.js';
import type { Login } from './session.js';
import { refusedMessage, ruleForMessage } from './statement-rules.js';
import { errorResponse, readyForQuery } from './wire/backend-messages.js';
import { countMessages } from './wire/backend-reply.js';
import { SYNC, type FrontendMessage } from './wire/frontend-messages.js';

export interface BatchReply {
  readonly chunks: readonly Buffer[];
  /** False while the connection must keep the session: in a transaction, or in a batch that goes on after a Flush. */
  readonly finished: boolean;
}

/** Runs one connection's batches on the session, as that connection's role. */
export class BatchRunner {
  private readonly statements = new PreparedStatements();
  private inBatch = false;

  constructor(
    private readonly login: Login,
    private readonly reception: Pick<Reception, 'engine' | 'session'>,
  ) {}

  /**
   * The caller has the session.
   * @throws LoginRefused where the session can't be had any more as this role; EngineFailure
   */
  run(batch: readonly FrontendMessage[]): BatchReply {
    const { engine, session } = this.reception;
    if (!session.isReadyFor(this.login)) {
      session.makeReadyFor(this.login);
      this.statements.sessionLost();
    }
    const rules = batch.map((message) => ruleForMessage(message, this.login.superuser));
    const allowed = batch.map((message, index) => {
      const refusal = rules[index]?.refusal;
      return refusal ? refusedMessage(message, refusal) : message;
    });
    if (!this.inBatch) this.prepareMissing(allowed);

    const reply = engine.run(Buffer.concat(allowed.map(({ bytes }) => bytes)));
    this.statements.batchDone(allowed, () => countMessages(Buffer.concat(reply.chunks), '1'));
    this.inBatch = batch.at(-1)?.type === 'H';
    if (!this.inBatch && reply.status === undefined) throw new EngineFailure('The database engine left a batch without an answer.');
    const finished = !this.inBatch && reply.status === 'I';
    if (finished && rules.some(({ undoesLogin }) => undoesLogin)) session.forget();
    return { chunks: reply.overflow ? this.overflow(reply.status) : reply.chunks, finished };
  }

  /** The connection is gone. */
  abandon(): void {
    this.reception.session.abandon(this.inBatch);
  }

  private prepareMissing(batch: readonly FrontendMessage[]): void {
    const parses = this.statements.missingFor(batch);
    // Where one fails, the batch itself fails on the missing statement, and says so.
    if (parses.length > 0) this.reception.engine.run(Buffer.concat([...parses, SYNC]));
  }

  /** What was done is done, but can't be told: the client learns that much. */
  private overflow(status: 'I' | 'T' | 'E' | undefined): Buffer[] {
    const error = errorResponse({
      severity: 'ERROR',
      code: '54000',
      message: 'the answer is too large for the embedded database: fetch it in parts, or use a PostgreSQL server',
    });
    return status === undefined ? [error] : [error, readyForQuery(status)];
  }
}
