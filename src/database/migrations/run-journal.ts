import { AdminConnection, type Queryable } from '../admin-connection.js';
import { newId } from '../new-id.js';
import { holdLock, isHeld } from './schema-lock.js';
import type { Direction, RunEvent } from './run-events.js';

export interface RunHead {
  readonly kind: 'migrate' | 'rollback';
  /** Who, as in the audit log: `cli:<login name>`, or `start`. */
  readonly actor: string;
  readonly release: string;
}

interface Step {
  readonly id: string;
  readonly schema: string;
  readonly migration: string;
  readonly direction: Direction;
  readonly startedAt: Date;
  durationMs: number | null;
  outcome: 'running' | 'done' | 'failed';
  error: string | null;
}

/** Records of runs that changed nothing are kept for this long; those that changed something, for good. */
const IDLE_RUNS_KEPT = '30 days';

/**
 * The durable record of a run, in core.migration_runs and core.migration_steps. Written with the serving login, since
 * row-level security shuts these tables even to their owner. While that login or the tables are not there yet (the very
 * first run), the record waits in memory and is written at the end.
 */
export class RunJournal {
  readonly runId = newId();
  private readonly startedAt = new Date();
  private readonly steps = new Map<string, Step>();
  private readonly failedSchemas = new Set<string>();
  private readonly unsaved = new Set<Step>();
  private applied = 0;
  private connection: AdminConnection | undefined;
  private saving: Promise<string | undefined> = Promise.resolve(undefined);
  /** The tables are not there yet: everything is written at the end. */
  private isEarly = false;

  /** @param control `nagaya_control`'s URL */
  constructor(
    private readonly head: RunHead,
    private readonly control: string,
    private readonly schemas: number,
  ) {}

  /** @param admin direct: while it lives, so does the lock by which other runs see that this one does */
  async begin(admin: Queryable): Promise<void> {
    await holdLock(admin, lockName(this.runId));
    const failure = await this.save(async (db) => {
      await this.saveRun(db, 'running', null);
      await markInterrupted(db, admin, this.runId);
      await db.query(`DELETE FROM core.migration_runs WHERE applied = 0 AND failed = 0 AND outcome <> 'running' AND started_at < now() - $1::interval`, [IDLE_RUNS_KEPT]);
    });
    this.isEarly = failure !== undefined;
  }

  async note(event: RunEvent): Promise<void> {
    if (event.kind === 'ended' && event.outcome === 'failed') this.failedSchemas.add(event.schema);
    const step = this.stepOf(event);
    if (step === undefined) return;
    this.unsaved.add(step);
    if (!this.isEarly) await this.save((db) => this.saveSteps(db));
  }

  /** @returns why the record could not be written, if so: that is no reason to call the migration failed */
  async end(outcome: 'done' | 'failed' | 'stopped', error: unknown): Promise<string | undefined> {
    const failure = await this.save(async (db) => {
      await this.saveRun(db, outcome, error === undefined ? null : messageOf(error));
      await this.saveSteps(db);
      if (this.steps.size > 0) await this.audit(db);
    });
    await this.connection?.close().catch(() => {});
    return failure;
  }

  private stepOf(event: RunEvent): Step | undefined {
    if (event.kind === 'applying') {
      const { schema, migration, direction } = event;
      const step: Step = { id: newId(), schema, migration, direction, startedAt: new Date(), durationMs: null, outcome: 'running', error: null };
      this.steps.set(schema, step);
      return step;
    }
    if (event.kind !== 'applied' && event.kind !== 'failed') return undefined;
    const step = this.steps.get(event.schema);
    if (step === undefined) return undefined;
    step.durationMs = Math.round(Date.now() - step.startedAt.getTime());
    step.outcome = event.kind === 'applied' ? 'done' : 'failed';
    if (event.kind === 'failed') step.error = messageOf(event.error);
    if (event.kind === 'applied') this.applied++;
    return step;
  }
  /** One statement at a time: steps of several schemas end at the same moment. */
  private save(work: (db: AdminConnection) => Promise<void>): Promise<string | undefined> {
    const turn = this.saving.then(async () => {
      try {
        this.connection ??= await AdminConnection.open(this.control, 'nagaya-journal');
        await work(this.connection);
        return undefined;
      } catch (error) {
        await this.connection?.close().catch(() => {});
        this.connection = undefined;
        return messageOf(error);
      }
    });
    this.saving = turn;
    return turn;
  }

  private async saveRun(db: Queryable, outcome: string, error: string | null): Promise<void> {
    await db.query(
      `INSERT INTO core.migration_runs (id, kind, actor, release, started_at, finished_at, outcome, schemas, applied, failed, error)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, outcome = excluded.outcome, applied = excluded.applied, failed = excluded.failed, error = excluded.error`,
      [
        this.runId, this.head.kind, this.head.actor.slice(0, 120), this.head.release, this.startedAt, outcome === 'running' ? null : new Date(), outcome,
        this.schemas, this.applied, this.failedSchemas.size, error,
      ],
    );
  }

  private async saveSteps(db: Queryable): Promise<void> {
    for (const step of this.unsaved) {
      await db.query(
        `INSERT INTO core.migration_steps (id, run_id, schema_name, migration, direction, started_at, duration_ms, outcome, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET duration_ms = excluded.duration_ms, outcome = excluded.outcome, error = excluded.error`,
        [step.id, this.runId, step.schema, step.migration.slice(0, 200), step.direction, step.startedAt, step.durationMs, step.outcome, step.error],
      );
      this.unsaved.delete(step);
    }
  }

  /** The operators' log says that it was done and by whom; what exactly, the run's own record does. */
  private async audit(db: Queryable): Promise<void> {
    const target = `run ${this.runId}: ${this.applied} migration${this.applied === 1 ? '' : 's'} ${this.head.kind === 'migrate' ? 'applied' : 'taken back'} in ${[...this.steps.keys()].join(', ')}`;
    await db.query('INSERT INTO core.audit_log (id, actor, action, target) VALUES ($1, $2, $3, $4)', [newId(), this.head.actor.slice(0, 120), this.head.kind, target.slice(0, 500)]);
  }
}

/** A run whose lock nobody holds was killed. What it had begun is either in the schema's history or was rolled back. */
async function markInterrupted(db: Queryable, admin: Queryable, own: string): Promise<void> {
  const running = await db.query<{ id: string }>(`SELECT id FROM core.migration_runs WHERE outcome = 'running' AND id <> $1`, [own]);
  for (const { id } of running) {
    if (await isHeld(admin, lockName(id))) continue;
    await db.query(`UPDATE core.migration_steps SET outcome = 'interrupted' WHERE run_id = $1 AND outcome = 'running'`, [id]);
    await db.query(`UPDATE core.migration_runs SET outcome = 'interrupted' WHERE id = $1`, [id]);
  }
}

function lockName(runId: string): string {
  return `run:${runId}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
