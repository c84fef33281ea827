import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';

/** One call of `migrate` or `rollback`. Written by the migrator through src/database/migrations/run-journal.ts. */
@Entity({ schema: 'core', name: 'migration_runs' })
@Check('migration_runs_kind_check', `kind IN ('migrate', 'rollback')`)
@Check('migration_runs_outcome_check', `outcome IN ('running', 'done', 'failed', 'stopped', 'interrupted')`)
@Index('migration_runs_started_at_idx', ['startedAt'])
export class MigrationRun {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'varchar', length: 20 })
  kind!: 'migrate' | 'rollback';

  /** `cli:<login name>`, or `start` where a starting service migrated. */
  @Column({ type: 'varchar', length: 120 })
  actor!: string;

  @Column({ type: 'varchar', length: 40 })
  release!: string;

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;

  @Column({ type: 'varchar', length: 20, default: 'running' })
  outcome!: 'running' | 'done' | 'failed' | 'stopped' | 'interrupted';

  /** How many schemas it looked at. */
  @Column({ type: 'integer', default: 0 })
  schemas!: number;

  /** How many migrations it applied, or took back. */
  @Column({ type: 'integer', default: 0 })
  applied!: number;

  /** How many schemas failed. */
  @Column({ type: 'integer', default: 0 })
  failed!: number;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}

/** One migration of a run. */
@Entity({ schema: 'core', name: 'migration_steps' })
@Check('migration_steps_direction_check', `direction IN ('up', 'down')`)
@Check('migration_steps_outcome_check', `outcome IN ('running', 'done', 'failed', 'interrupted')`)
@Index('migration_steps_run_id_idx', ['runId'])
@Index('migration_steps_schema_name_started_at_idx', ['schemaName', 'startedAt'])
export class MigrationStep {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'run_id', type: 'uuid' })
  @ForeignKey(() => MigrationRun, 'id', { name: 'migration_steps_run_id_fkey', onDelete: 'CASCADE' })
  runId!: string;

  @Column({ name: 'schema_name', type: 'varchar', length: 63 })
  schemaName!: string;

  @Column({ type: 'varchar', length: 200 })
  migration!: string;

  @Column({ type: 'varchar', length: 4 })
  direction!: 'up' | 'down';

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'duration_ms', type: 'integer', nullable: true })
  durationMs!: number | null;

  @Column({ type: 'varchar', length: 20, default: 'running' })
  outcome!: 'running' | 'done' | 'failed' | 'interrupted';

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
