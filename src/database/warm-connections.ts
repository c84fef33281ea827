import type pg from 'pg';

/** How long a connection that nobody takes stays here, milliseconds. */
const COOL_AFTER_MS = 1_000;
/** How long one that is taken again and again does, before pg's pool has a look whether it has served its time, milliseconds. */
const LONGEST_MS = 30_000;

type Release = pg.PoolClient['release'];

/** A connection that is at rest, and how it is given back to pg's pool. */
export interface WarmConnection {
  readonly client: pg.PoolClient;
  readonly release: Release;
  /** When it was taken from pg's pool. */
  readonly since: number;
}

export function takenFromPool(client: pg.PoolClient): WarmConnection {
  return { client, release: client.release.bind(client), since: performance.now() };
}

/**
 * Connections that came back a moment ago, the latest taken first. pg's pool makes a promise, two timers and some listeners each time
 * that it lends one; while a product is busy its connections go from one statement to the next without it. After a second at rest
 * they are its own again, and it closes them in its own time.
 */
export class WarmConnections {
  private readonly entries: (WarmConnection & { readonly at: number })[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param giveBack to pg's pool */
  constructor(private readonly giveBack: (connection: WarmConnection) => void) {}

  get count(): number {
    return this.entries.length;
  }

  /** @returns whether it stays here; otherwise pg's pool is to have it */
  keep(connection: WarmConnection): boolean {
    const at = performance.now();
    if (at - connection.since > LONGEST_MS) return false;
    this.entries.push({ ...connection, at });
    this.timer ??= setTimeout(() => this.cool(), COOL_AFTER_MS).unref();
    return true;
  }

  take(): WarmConnection | undefined {
    return this.entries.pop();
  }

  /** This one, if it is here. */
  takeOut(client: pg.PoolClient): WarmConnection | undefined {
    const at = this.entries.findIndex((entry) => entry.client === client);
    return at < 0 ? undefined : this.entries.splice(at, 1)[0];
  }

  /** Gives all of them back, as when the pool is to end. */
  empty(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const connection of this.entries.splice(0)) this.giveBack(connection);
  }

  private cool(): void {
    const now = performance.now();
    const resting = this.entries.filter(({ at }) => now - at >= COOL_AFTER_MS);
    for (const { client } of resting) this.giveBack(this.takeOut(client)!);
    this.timer = this.entries.length === 0 ? undefined : setTimeout(() => this.cool(), COOL_AFTER_MS).unref();
  }
}
