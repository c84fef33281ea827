import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who migrated what, when, for how long and with what outcome. */
export class RecordMigrationRuns1795600500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE core.migration_runs (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        kind varchar(20) NOT NULL CONSTRAINT migration_runs_kind_check CHECK (kind IN ('migrate', 'rollback')),
        actor varchar(120) NOT NULL,
        release varchar(40) NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        outcome varchar(20) NOT NULL DEFAULT 'running'
          CONSTRAINT migration_runs_outcome_check CHECK (outcome IN ('running', 'done', 'failed', 'stopped', 'interrupted')),
        schemas integer NOT NULL DEFAULT 0,
        applied integer NOT NULL DEFAULT 0,
        failed integer NOT NULL DEFAULT 0,
        error text
      )`);
    await runner.query(`CREATE INDEX migration_runs_started_at_idx ON core.migration_runs (started_at)`);
    await runner.query(`
      CREATE TABLE core.migration_steps (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        run_id uuid NOT NULL CONSTRAINT migration_steps_run_id_fkey REFERENCES core.migration_runs (id) ON DELETE CASCADE,
        schema_name varchar(63) NOT NULL,
        migration varchar(200) NOT NULL,
        direction varchar(4) NOT NULL CONSTRAINT migration_steps_direction_check CHECK (direction IN ('up', 'down')),
        started_at timestamptz NOT NULL DEFAULT now(),
        duration_ms integer,
        outcome varchar(20) NOT NULL DEFAULT 'running'
          CONSTRAINT migration_steps_outcome_check CHECK (outcome IN ('running', 'done', 'failed', 'interrupted')),
        error text
      )`);
    await runner.query(`CREATE INDEX migration_steps_run_id_idx ON core.migration_steps (run_id)`);
    await runner.query(`CREATE INDEX migration_steps_schema_name_started_at_idx ON core.migration_steps (schema_name, started_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE core.migration_steps, core.migration_runs`);
  }
}
