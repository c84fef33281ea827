import type { Socket } from 'node:net';
import { errorResponse, type ErrorFields } from './wire/backend-messages.js';
import { FrontendReader } from './wire/frontend-reader.js';

// A client that doesn't read its answers gets no further ones, and one that sends ahead is not read further.
const UNSENT_LIMIT_BYTES = 16 * 1024 * 1024;
const AHEAD_LIMIT_BYTES = 4 * 1024 * 1024;

export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone';
}

/** One client's bytes, in both directions. */
export class ClientSocket {
  readonly reader: FrontendReader;
  /** Called when more has come, and when there is room again for answers. */
  onReady: () => void = () => {};
  onGone: () => void = () => {};
  private ended = false;
  private congestion = false;

  constructor(
    private readonly socket: Socket,
    messageLimitBytes: number,
  ) {
    this.reader = new FrontendReader(messageLimitBytes);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.reader.push(chunk);
      this.onReady();
    });
    socket.on('drain', () => {
      this.congestion = false;
      this.onReady();
    });
    // A reset by the client; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
      this.onGone();
    });
  }

  /** Nothing more will be said to this client. */
  get isOver(): boolean {
    return this.ended;
  }

  get isCongested(): boolean {
    return this.congestion;
  }

  send(...chunks: readonly Buffer[]): void {
    if (this.ended) return;
    this.socket.cork();
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.uncork();
    this.congestion = this.socket.writableLength > UNSENT_LIMIT_BYTES;
  }

  /** While the client has to wait; its leaving is noticed unless it has sent a lot ahead. */
  holdBack(waiting: boolean): void {
    if (!waiting) this.socket.resume();
    else if (this.reader.bufferedBytes > AHEAD_LIMIT_BYTES) this.socket.pause();
  }

  /** The first message that `read` finds, now or when it has come. Ends with ConnectionGone where the client leaves. */
  receive<T>(read: (reader: FrontendReader) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void) => {
        // Once only: what comes next is for the next reader.
        this.onReady = () => {};
        this.onGone = () => {};
        settled();
      };
      const attempt = () => {
        try {
          const found = this.ended ? undefined : read(this.reader);
          if (found !== undefined) settle(() => resolve(found));
          else if (this.ended) settle(() => reject(new ConnectionGone('The client has left.')));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      this.onReady = attempt;
      this.onGone = attempt;
      attempt();
    });
  }

  end(farewell?: ErrorFields): void {
    if (this.ended) return;
    if (farewell) this.send(errorResponse(farewell));
    this.ended = true;
    this.socket.resume();
    this.socket.end();
    // A client that doesn't hang up in its turn.
    setTimeout(() => this.socket.destroy(), 2_000).unref();
  }
}
