import { quoteIdent } from '../quote-ident.js';
import { EngineError, type Engine } from './engine.js';
import type { FrontEnd } from './front-end.js';

// What a server's background processes do, and this engine has none of: statistics written down, autovacuum, and
// checkpoints (without them the write-ahead log grows for as long as the process runs).

const TICK_MS = 1_000;
/** So long nobody must have used the database before anything is done that a client would feel. */
const IDLE_MS = 3_000;
const VACUUM_EVERY_MS = 60_000;
const CHECKPOINT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_CHECK_MS = 10_000;

/** As autovacuum decides with its default settings, one table at a time, the neediest first. */
const NEEDS_VACUUM = `
  SELECT s.schemaname, s.relname
  FROM pg_catalog.pg_stat_all_tables s JOIN pg_catalog.pg_class c ON c.oid = s.relid
  WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't' AND s.schemaname !~ '^pg_toast'
    AND (s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0))
  ORDER BY s.n_mod_since_analyze + s.n_dead_tup DESC
  LIMIT 1`;

const LOG_SINCE_CHECKPOINT = `
  SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), redo_lsn) FROM pg_catalog.pg_control_checkpoint()`;

export class Housekeeping {
  private readonly timer: NodeJS.Timeout;
  private lastBusyMs: number;
  private idleSince = performance.now();
  private flushed = true;
  private lastVacuum = performance.now();
  private lastCheckpointCheck = performance.now();
  /** Set while a look or a job waits for the session, or runs. */
  private working = false;

  constructor(
    private readonly engine: Engine,
    private readonly frontEnd: FrontEnd,
    private readonly log: (level: 'info' | 'warn' | 'error', message: string) => void,
  ) {
    this.lastBusyMs = engine.busyMs;
    this.timer = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async tick(): Promise<void> {
    if (this.working || this.frontEnd.closing) return;
    const now = performance.now();
    if (this.engine.busyMs !== this.lastBusyMs) {
      this.lastBusyMs = this.engine.busyMs;
      this.idleSince = now;
      this.flushed = false;
    }
    const idle = now - this.idleSince >= IDLE_MS && this.frontEnd.queue.isFree;
    const checkpointDue = now - this.lastCheckpointCheck >= CHECKPOINT_CHECK_MS && !this.flushed;
    if (!checkpointDue && !(idle && !this.flushed)) return;
    this.working = true;
    try {
      if (checkpointDue) await this.checkpoint();
      if (idle) await this.tidy();
    } finally {
      // What was just done is no use of the database.
      this.lastBusyMs = this.engine.busyMs;
      this.working = false;
    }
  }

  private async tidy(): Promise<void> {
    await this.run(() => this.engine.query('SELECT pg_catalog.pg_stat_force_next_flush()'));
    this.flushed = true;
    if (performance.now() - this.lastVacuum < VACUUM_EVERY_MS) return;
    this.lastVacuum = performance.now();
    const seen = new Set<string>();
    // Stops as soon as a client comes, and where a table stays needy, whatever the reason.
    while (this.frontEnd.queue.isFree && !this.frontEnd.closing) {
      const rows = await this.run(() => this.engine.query(NEEDS_VACUUM));
      const [schema, table] = rows?.[0] ?? [];
      if (schema == null || table == null) return;
      const name = `${quoteIdent(schema)}.${quoteIdent(table)}`;
      if (seen.has(name)) return;
      seen.add(name);
      await this.run(() => this.vacuum(name));
    }
  }

  private vacuum(table: string): void {
    const began = performance.now();
    this.engine.query(`VACUUM (ANALYZE) ${table}`);
    this.engine.query('SELECT pg_catalog.pg_stat_force_next_flush()');
    this.engine.query('SELECT 1');
    const seconds = (performance.now() - began) / 1_000;
    if (seconds > 2) this.log('info', `Tidying ${table} took ${seconds.toFixed(1)} s, in which the embedded database served nobody.`);
  }

  private async checkpoint(): Promise<void> {
    this.lastCheckpointCheck = performance.now();
    await this.run(() => {
      const [row] = this.engine.query(LOG_SINCE_CHECKPOINT);
      if (Number(row?.[0]) >= CHECKPOINT_BYTES) this.engine.query('CHECKPOINT');
    });
  }

  /** Never inside somebody's transaction: the queue gives the session only between them. */
  private async run<T>(work: () => T): Promise<T | undefined> {
    try {
      return await this.frontEnd.withSession(() => {
        this.frontEnd.session.makeReadyForSuperuser();
        return work();
      });
    } catch (error) {
      return this.passOver(error);
    }
  }
}
