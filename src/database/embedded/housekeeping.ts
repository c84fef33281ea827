import { quoteIdent } from '../quote-ident.js';
import { EngineError, EngineFailure, type Engine } from './engine.js';
import type { FrontEnd } from './front-end.js';
import { LoginFailure } from './login-conversation.js';

// What a server's background processes do, and this engine has none of: statistics written down, autovacuum, and
// checkpoints (without them the write-ahead log grows for as long as the process runs).

const TICK_MS = 1_000;
/** So long nobody must have used the database before anything is done that a client would feel. */
const IDLE_MS = 3_000;
const FLUSH_EVERY_MS = 1_000;
const VACUUM_EVERY_MS = 60_000;
const CHECKPOINT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_CHECK_MS = 10_000;

/** As autovacuum decides with its default settings, one table at a time, the neediest first. */
const NEEDS_VACUUM = `
  SELECT s.schemaname, s.relname
  FROM pg_catalog.pg_stat_all_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
    AND (s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0))
  ORDER BY s.n_mod_since_analyze + s.n_dead_tup DESC
  LIMIT 1`;

const FLUSH_STATISTICS = 'SELECT pg_catalog.pg_stat_force_next_flush()';

const LOG_SINCE_CHECKPOINT = `
  SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), redo_lsn) FROM pg_catalog.pg_control_checkpoint()`;

/** One thing to do now and then after the database was used. */
interface Chore {
  /** At least this long after it was last done. */
  readonly everyMs: number;
  /** Only when nobody has used the database for a while. */
  readonly whenIdle: boolean;
  readonly work: () => Promise<void>;
  lastDone: number;
  due: boolean;
}

export class Housekeeping {
  private readonly timer: NodeJS.Timeout;
  private readonly chores: Chore[];
  private lastBusyMs: number;
  private lastUse = performance.now();
  private working = false;

  constructor(
    private readonly engine: Engine,
    private readonly frontEnd: FrontEnd,
    private readonly log: (level: 'info' | 'warn' | 'error', message: string) => void,
  ) {
    this.chores = [
      this.chore(FLUSH_EVERY_MS, true, () => this.flushStatistics()),
      this.chore(CHECKPOINT_CHECK_MS, false, () => this.checkpoint()),
      this.chore(VACUUM_EVERY_MS, true, () => this.vacuum()),
    ];
    this.lastBusyMs = engine.busyMs;
    this.timer = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private chore(everyMs: number, whenIdle: boolean, work: () => Promise<void>): Chore {
    return { everyMs, whenIdle, work, lastDone: performance.now(), due: false };
  }

  private async tick(): Promise<void> {
    if (this.working) return;
    const now = performance.now();
    if (this.engine.busyMs !== this.lastBusyMs) {
      this.lastBusyMs = this.engine.busyMs;
      this.lastUse = now;
      for (const chore of this.chores) chore.due = true;
    }
    const idle = now - this.lastUse >= IDLE_MS;
    this.working = true;
    for (const chore of this.chores) {
      if (!chore.due || now - chore.lastDone < chore.everyMs || (chore.whenIdle && !idle)) continue;
      await chore.work();
      chore.lastDone = performance.now();
      chore.due = false;
    }
    this.working = false;
    // What was done here is no use of the database; a client that came in between is noticed at its next batch.
    if (idle) this.lastBusyMs = this.engine.busyMs;
  }

  private async flushStatistics(): Promise<void> {
    await this.run(() => this.engine.query(FLUSH_STATISTICS));
  }

  private async checkpoint(): Promise<void> {
    await this.run(() => {
      const [row] = this.engine.query(LOG_SINCE_CHECKPOINT);
      if (Number(row?.[0]) >= CHECKPOINT_BYTES) this.engine.query('CHECKPOINT');
    });
  }

  /** Table by table, until a client comes. One that stays needy, whatever the reason, is not taken twice. */
  private async vacuum(): Promise<void> {
    const seen = new Set<string>();
    while (this.frontEnd.queue.isFree) {
      const rows = await this.run(() => this.engine.query(NEEDS_VACUUM));
      const [schema, table] = rows?.[0] ?? [];
      if (schema == null || table == null) return;
      const name = `${quoteIdent(schema)}.${quoteIdent(table)}`;
      if (seen.has(name)) return;
      seen.add(name);
      await this.run(() => this.vacuumTable(name));
      await this.checkpoint();
    }
  }

  private vacuumTable(table: string): void {
    const began = performance.now();
    this.engine.query(`VACUUM (ANALYZE) ${table}`);
    this.engine.query(FLUSH_STATISTICS);
    const seconds = (performance.now() - began) / 1_000;
    if (seconds > 2) this.log('info', `Tidying ${table} took ${seconds.toFixed(1)} s, in which the embedded database served nobody.`);
  }

  /** Never inside somebody's transaction: the queue gives the session only between them. */
  private async run<T>(work: () => T): Promise<T | undefined> {
    if (this.frontEnd.closing) return undefined;
    try {
      return await this.frontEnd.withSession(() => {
        this.frontEnd.session.makeReadyForSuperuser();
        return work();
      });
    } catch (error) {
      // Waited too long: next time.
      if (error instanceof LoginFailure) return undefined;
      if (error instanceof EngineFailure) this.frontEnd.onEngineFailure(error);
      else if (error instanceof EngineError) this.log('warn', `Housekeeping of the embedded database failed: ${error.message}`);
      else throw error;
      return undefined;
    }
  }
}
