import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What has been backed up, and what has been restored from it: for drills, beside the live schema or in its place. */
export class CreateBackups1795600600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.backups (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        schema_name varchar(63),
        status varchar(20) NOT NULL DEFAULT 'queued'
          CONSTRAINT backups_status_check CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'expired')),
        format varchar(20) NOT NULL DEFAULT 'custom' CONSTRAINT backups_format_check CHECK (format IN ('custom', 'directory', 'plain')),
        requested_by varchar(120) NOT NULL DEFAULT 'sql',
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        lease_until timestamptz,
        finished_at timestamptz,
        data_of timestamptz,
        schemas_total integer,
        schemas_done integer NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        location text,
        error text
      )`);
    await runner.query(`CREATE INDEX backups_created_at_idx ON monitoring.backups (created_at, id)`);
    // One at a time for each schema, and one of everything: whoever comes second is refused.
    await runner.query(`
      CREATE UNIQUE INDEX backups_under_way_key ON monitoring.backups ((coalesce(schema_name, ''))) WHERE status IN ('queued', 'running')`);
    await runner.query(`
      CREATE TABLE monitoring.restores (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        backup_id uuid NOT NULL,
        purpose varchar(20) NOT NULL CONSTRAINT restores_purpose_check CHECK (purpose IN ('verify', 'drill', 'in_place', 'beside', 'whole')),
        schema_name varchar(63),
        target varchar(200),
        status varchar(20) NOT NULL DEFAULT 'running'
          CONSTRAINT restores_status_check CHECK (status IN ('running', 'succeeded', 'failed', 'unconfirmed', 'confirmed', 'undone')),
        kept_schema varchar(63),
        requested_by varchar(120) NOT NULL DEFAULT 'sql',
        started_at timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz,
        finished_at timestamptz,
        duration_seconds double precision,
        data_age_seconds double precision,
        error text
      )`);
    await runner.query(`CREATE INDEX restores_started_at_idx ON monitoring.restores (started_at, id)`);
    // Asked with every look at the products' states: is one of them being restored in place at this moment?
    await runner.query(`CREATE INDEX restores_under_way_idx ON monitoring.restores (schema_name) WHERE status = 'running' AND purpose = 'in_place'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE monitoring.restores, monitoring.backups');
  }
}
