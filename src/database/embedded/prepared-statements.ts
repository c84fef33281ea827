import { statementNameOf, type FrontendMessage } from './wire/frontend-messages.js';

// A client that prepares more, or longer ones, than any driver does finds the rest gone after a hand-over (26000).
const REMEMBERED = 1_000;
const REMEMBERED_BYTES = 4 * 1024 * 1024;

/**
 * One connection's prepared statements. They live in the engine's session, which is swept when another connection
 * takes it; those that the connection uses again are parsed again, unseen by it. The unnamed one counts too: a client
 * may send Parse and Bind in two batches.
 */
export class PreparedStatements {
  private readonly parsed = new Map<string, Buffer>();
  private parsedBytes = 0;
  private readonly inSession = new Set<string>();

  /** Another connection had the session. */
  sessionLost(): void {
    this.inSession.clear();
  }

  /** The Parse messages that have to go before a batch. */
  missingFor(batch: readonly FrontendMessage[]): Buffer[] {
    const missing = new Map<string, Buffer>();
    const madeHere = new Set<string>();
    for (const message of batch) {
      const name = statementNameOf(message);
      if (name === undefined) continue;
      if (message.type === 'P') madeHere.add(name);
      const source = this.parsed.get(name);
      if (source && message.type !== 'C' && !madeHere.has(name) && !this.inSession.has(name)) missing.set(name, source);
    }
    for (const name of missing.keys()) this.inSession.add(name);
    return [...missing.values()];
  }

  /** After the engine ran a batch; `countParsed` says how many of its Parse messages succeeded, which costs a look at the reply. */
  batchDone(batch: readonly FrontendMessage[], countParsed: () => number): void {
    const kept = batch.filter((message) => (message.type === 'P' || message.type === 'C') && !isForThisBatch(message, batch));
    if (kept.length === 0) return;
    const parses = batch.filter(({ type }) => type === 'P');
    const succeeded = new Set(parses.slice(0, countParsed()));
    for (const message of kept) {
      const name = statementNameOf(message);
      if (name === undefined) continue;
      if (message.type === 'C') this.drop(name);
      else if (succeeded.has(message)) this.remember(name, message.bytes);
    }
  }

  private remember(name: string, bytes: Buffer): void {
    this.drop(name);
    this.inSession.add(name);
    if (this.parsed.size >= REMEMBERED || this.parsedBytes + bytes.length > REMEMBERED_BYTES) return;
    // A copy: the message is a slice of all that came with it.
    this.parsed.set(name, Buffer.from(bytes));
    this.parsedBytes += bytes.length;
  }

  private drop(name: string): void {
    this.parsedBytes -= this.parsed.get(name)?.length ?? 0;
    this.parsed.delete(name);
    this.inSession.delete(name);
  }
}

/** An unnamed statement that is used at once, as nearly all are, need not be kept. */
function isForThisBatch(message: FrontendMessage, batch: readonly FrontendMessage[]): boolean {
  return statementNameOf(message) === '' && batch.some((other) => other.type === 'B' && statementNameOf(other) === '');
}
