import type { FrontendMessage } from './frontend-messages.js';

/** A message that no client of ours sends; the connection can't go on. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';

  constructor(
    message: string,
    /** SQLSTATE */
    readonly code: '08P01' | '54000',
  ) {
    super(message);
  }
}

// What a server takes before the login (PostgreSQL's MAX_STARTUP_PACKET_LENGTH; its SASL limit is smaller still).
const STARTUP_LIMIT_BYTES = 10_000;

/** Cuts a connection's bytes into messages. A large one is put together once, when all of it has come. */
export class FrontendReader {
  private chunks: Buffer[] = [];
  private buffered = 0;

  constructor(private readonly messageLimitBytes: number) {}

  get bufferedBytes(): number {
    return this.buffered;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
  }

  /** The body of a start-up packet, which has a length and no type. */
  nextStartup(): Buffer | undefined {
    const head = this.peek(4);
    if (!head) return undefined;
    const length = head.readInt32BE(0);
    if (length < 8 || length > STARTUP_LIMIT_BYTES) throw new ProtocolViolation('invalid length of startup packet', '08P01');
    return this.take(length)?.subarray(4);
  }

  next(limitBytes = this.messageLimitBytes): FrontendMessage | undefined {
    const head = this.peek(5);
    if (!head) return undefined;
    const length = head.readInt32BE(1);
    const type = String.fromCharCode(head[0] ?? 0);
    if (length < 4) throw new ProtocolViolation('invalid message length', '08P01');
    if (length > limitBytes) {
      throw new ProtocolViolation(`a message of ${length} bytes is too large: the limit is ${limitBytes}`, '54000');
    }
    const bytes = this.take(length + 1);
    return bytes && { type, bytes };
  }

  /** During the login nobody may send much. */
  nextOfLogin(): FrontendMessage | undefined {
    return this.next(STARTUP_LIMIT_BYTES);
  }

  private peek(length: number): Buffer | undefined {
    if (this.buffered < length) return undefined;
    const [first] = this.chunks;
    if (first && first.length >= length) return first;
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined;
  }

  private take(length: number): Buffer | undefined {
    if (this.buffered < length) return undefined;
    const [first] = this.chunks;
    const whole = first && first.length >= length ? first : Buffer.concat(this.chunks);
    const rest = whole.subarray(length);
    if (whole !== first) this.chunks = rest.length > 0 ? [rest] : [];
    else if (rest.length > 0) this.chunks[0] = rest;
    else this.chunks.shift();
    this.buffered -= length;
    return whole.subarray(0, length);
  }
}
