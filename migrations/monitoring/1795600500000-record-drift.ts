import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How each schema stood to its migrations when it was last looked at. */
export class RecordDrift1795600500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.schema_drift (
        schema_name varchar(63) PRIMARY KEY,
        state varchar(20) NOT NULL
          CONSTRAINT schema_drift_state_check CHECK (state IN ('in_step', 'behind', 'ahead', 'partial', 'tampered', 'unknown')),
        reason text NOT NULL,
        differences jsonb NOT NULL DEFAULT '[]',
        since timestamptz NOT NULL DEFAULT now(),
        checked_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE monitoring.schema_drift`);
  }
}
