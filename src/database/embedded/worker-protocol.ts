// What the thread that holds the engine and the main thread say to each other.

export interface WorkerOptions {
  /** The engine's own folder. */
  readonly databaseFolder: string;
  /** 0: any free one. */
  readonly port: number;
  readonly superuserVerifier: string;
  readonly waitingMs: number;
  readonly idleInTransactionMs: number;
  /** One float64: when the engine's present run began (Date.now()), 0 while it is idle. */
  readonly busySince: SharedArrayBuffer;
}

export type FromWorker =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
  /** The engine can't go on; the thread ends by itself. */
  | { readonly type: 'failed'; readonly message: string };

export interface ToWorker {
  readonly type: 'stop';
  /** How long transactions at work may take to end. */
  readonly drainMs: number;
}
