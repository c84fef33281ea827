import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The registry, the keys, the jobs, the operators' log and the events that every product shares. */
export class CreateCore1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE core.products (
        id varchar(31) PRIMARY KEY,
        title varchar(100) NOT NULL,
        status varchar(20) NOT NULL DEFAULT 'active' CONSTRAINT products_status_check CHECK (status IN ('active', 'suspended', 'archived')),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE core.api_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name varchar(100) NOT NULL,
        product_id varchar(31) CONSTRAINT api_keys_product_id_fkey REFERENCES core.products (id),
        prefix varchar(16) NOT NULL,
        key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
        permissions text[] NOT NULL DEFAULT '{read,write}',
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz
      )`);
    await runner.query(`CREATE INDEX api_keys_created_at_idx ON core.api_keys (created_at, id)`);
    await runner.query(`
      CREATE TABLE core.audit_log (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        occurred_at timestamptz NOT NULL DEFAULT now(),
        actor varchar(120) NOT NULL,
        api_key_id uuid,
        action varchar(200) NOT NULL,
        target varchar(500) NOT NULL,
        request_id varchar(64)
      )`);
    await runner.query(`CREATE INDEX audit_log_occurred_at_idx ON core.audit_log (occurred_at)`);
    await runner.query(`
      CREATE TABLE core.jobs (
        name varchar(100) PRIMARY KEY,
        next_run_at timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz,
        attempt bigint NOT NULL DEFAULT 0,
        last_started_at timestamptz,
        last_finished_at timestamptz,
        last_error text
      )`);
    await runner.query(`
      CREATE TABLE core.ai_systems (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        system_type varchar(50) NOT NULL,
        version varchar(20) NOT NULL,
        config jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        product_id varchar(50),
        CONSTRAINT ai_systems_system_type_version_key UNIQUE (system_type, version)
      )`);
    await runner.query(`CREATE INDEX ai_systems_created_at_idx ON core.ai_systems (created_at, id)`);
    await runner.query(`
      CREATE TABLE core.template_config (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        template_type varchar(50) NOT NULL,
        version varchar(20) NOT NULL,
        config_data jsonb NOT NULL,
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT template_config_template_type_version_key UNIQUE (template_type, version)
      )`);
    await runner.query(`CREATE UNIQUE INDEX template_config_active_key ON core.template_config (template_type) WHERE is_active`);
    // The key of a record is a hash: a path may be longer than an index takes. json, not jsonb: an answer is repeated as it was.
    await runner.query(`
      CREATE TABLE core.idempotency_records (
        product_id varchar(50) NOT NULL,
        api_key_id uuid NOT NULL,
        request_key bytea NOT NULL,
        body_hash bytea NOT NULL,
        location text,
        response json,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (product_id, api_key_id, request_key)
      )`);
    await runner.query(`CREATE INDEX idempotency_records_created_at_idx ON core.idempotency_records (created_at)`);
    await this.createEvents(runner);
  }

  private async createEvents(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE core.monitoring_events (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        product_id varchar(50) NOT NULL,
        event_type varchar(50) NOT NULL,
        event_data jsonb NOT NULL,
        timestamp timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (id, timestamp)
      ) PARTITION BY RANGE (timestamp)`);
    await runner.query(`CREATE INDEX monitoring_events_product_id_timestamp_idx ON core.monitoring_events (product_id, timestamp DESC)`);
    // Made with the owner's rights because the serving roles run no DDL. The lock on the parent is the one that ATTACH
    // takes anyway; taken first, it lets simultaneous starts wait for each other instead of failing.
    await runner.query(`
      CREATE FUNCTION core.make_event_partitions(days_behind integer, days_ahead integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
      DECLARE
        today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
        day date;
        part text;
        made integer := 0;
      BEGIN
        IF days_behind NOT BETWEEN 0 AND 3660 OR days_ahead NOT BETWEEN 0 AND 366 THEN
          RAISE EXCEPTION 'days_behind must be 0 to 3660 and days_ahead 0 to 366' USING ERRCODE = '22023';
        END IF;
        LOCK TABLE core.monitoring_events IN SHARE UPDATE EXCLUSIVE MODE;
        FOR day IN SELECT d::date FROM generate_series(today - days_behind, today + days_ahead, interval '1 day') d LOOP
          part := 'monitoring_events_' || to_char(day, 'YYYYMMDD');
          CONTINUE WHEN to_regclass('core.' || part) IS NOT NULL;
          EXECUTE format('CREATE TABLE core.%I (LIKE core.monitoring_events INCLUDING ALL)', part);
          EXECUTE format('ALTER TABLE core.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
          EXECUTE format('ALTER TABLE core.monitoring_events ATTACH PARTITION core.%I FOR VALUES FROM (%L) TO (%L)',
                         part, day || ' 00:00:00+00', day + 1 || ' 00:00:00+00');
          made := made + 1;
        END LOOP;
        RETURN made;
      END $$`);
    await runner.query(`
      CREATE FUNCTION core.drop_event_partitions(days_kept integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp SET lock_timeout = '2s' AS $$
      DECLARE
        oldest text := 'monitoring_events_' || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - days_kept, 'YYYYMMDD');
        part text;
        dropped integer := 0;
      BEGIN
        IF days_kept NOT BETWEEN 1 AND 3660 THEN
          RAISE EXCEPTION 'days_kept must be 1 to 3660' USING ERRCODE = '22023';
        END IF;
        FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                     WHERE i.inhparent = 'core.monitoring_events'::regclass AND c.relname::text COLLATE "C" < oldest ORDER BY 1 LOOP
          EXECUTE format('DROP TABLE core.%I', part);
          dropped := dropped + 1;
        END LOOP;
        RETURN dropped;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION core.drop_event_partitions(integer), core.make_event_partitions(integer, integer)`);
    await runner.query(`
      DROP TABLE core.monitoring_events, core.idempotency_records, core.template_config, core.ai_systems, core.jobs, core.audit_log, core.api_keys, core.products`);
  }
}
