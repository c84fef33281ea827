export type Direction = 'up' | 'down';

/** What a run tells while it works, for progress and for the record. */
export type RunEvent =
  | { readonly kind: 'begun'; readonly schema: string; readonly pending: readonly string[] }
  | { readonly kind: 'applying'; readonly schema: string; readonly migration: string; readonly direction: Direction }
  /** Live traffic holds what the migration needs: it has let go and comes again. */
  | { readonly kind: 'waiting'; readonly schema: string; readonly migration: string; readonly attempt: number }
  | { readonly kind: 'applied'; readonly schema: string; readonly migration: string; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly schema: string; readonly migration: string; readonly error: unknown }
  | { readonly kind: 'ended'; readonly schema: string; readonly outcome: 'done' | 'failed' | 'stopped'; readonly error?: unknown };

export interface RunControl {
  readonly onEvent: (event: RunEvent) => Promise<void> | void;
  /** Aborted: the migration at work is finished, no other is begun. */
  readonly signal: AbortSignal;
  /** How long one migration tries for its locks before it counts as failed, milliseconds. */
  readonly lockPatienceMs: number;
}

export const DEFAULT_LOCK_PATIENCE_MS = 120_000;
