import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Metrics by day, and one row for each worker that reports. */
export class CreateMonitoring1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.worker_status (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        product_id varchar(50) NOT NULL,
        worker_id varchar(50) NOT NULL,
        worker_type varchar(50) NOT NULL,
        status varchar(20) NOT NULL,
        cpu_usage double precision,
        memory_usage double precision,
        task_count integer NOT NULL DEFAULT 0,
        last_heartbeat timestamptz NOT NULL DEFAULT now(),
        interval_seconds integer NOT NULL DEFAULT 60,
        CONSTRAINT worker_status_product_id_worker_id_key UNIQUE (product_id, worker_id)
      )`);
    await runner.query(`
      CREATE TABLE monitoring.performance_metrics (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        product_id varchar(50) NOT NULL,
        metric_type varchar(50) NOT NULL,
        metric_value double precision NOT NULL,
        metric_unit varchar(20),
        timestamp timestamptz NOT NULL DEFAULT now(),
        metadata jsonb,
        PRIMARY KEY (id, timestamp)
      ) PARTITION BY RANGE (timestamp)`);
    await runner.query(`
      CREATE INDEX performance_metrics_product_id_metric_type_timestamp_idx
          ON monitoring.performance_metrics (product_id, metric_type, timestamp DESC)`);
    await runner.query(`
      CREATE INDEX performance_metrics_product_id_timestamp_idx ON monitoring.performance_metrics (product_id, timestamp DESC)`);
    // See core.make_event_partitions for why these run with the owner's rights and take the parent's lock first.
    await runner.query(`
      CREATE FUNCTION monitoring.make_metric_partitions(days_behind integer, days_ahead integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, monitoring, pg_temp AS $$
      DECLARE
        today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
        day date;
        part text;
        made integer := 0;
      BEGIN
        IF days_behind NOT BETWEEN 0 AND 3660 OR days_ahead NOT BETWEEN 0 AND 366 THEN
          RAISE EXCEPTION 'days_behind must be 0 to 3660 and days_ahead 0 to 366' USING ERRCODE = '22023';
        END IF;
        LOCK TABLE monitoring.performance_metrics IN SHARE UPDATE EXCLUSIVE MODE;
        FOR day IN SELECT d::date FROM generate_series(today - days_behind, today + days_ahead, interval '1 day') d LOOP
          part := 'performance_metrics_' || to_char(day, 'YYYYMMDD');
          CONTINUE WHEN to_regclass('monitoring.' || part) IS NOT NULL;
          EXECUTE format('CREATE TABLE monitoring.%I (LIKE monitoring.performance_metrics INCLUDING ALL)', part);
          EXECUTE format('ALTER TABLE monitoring.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
          EXECUTE format('ALTER TABLE monitoring.performance_metrics ATTACH PARTITION monitoring.%I FOR VALUES FROM (%L) TO (%L)',
                         part, day || ' 00:00:00+00', day + 1 || ' 00:00:00+00');
          made := made + 1;
        END LOOP;
        RETURN made;
      END $$`);
    await runner.query(`
      CREATE FUNCTION monitoring.drop_metric_partitions(days_kept integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, monitoring, pg_temp SET lock_timeout = '2s' AS $$
      DECLARE
        oldest text := 'performance_metrics_' || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - days_kept, 'YYYYMMDD');
        part text;
        dropped integer := 0;
      BEGIN
        IF days_kept NOT BETWEEN 1 AND 3660 THEN
          RAISE EXCEPTION 'days_kept must be 1 to 3660' USING ERRCODE = '22023';
        END IF;
        FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                     WHERE i.inhparent = 'monitoring.performance_metrics'::regclass AND c.relname::text COLLATE "C" < oldest ORDER BY 1 LOOP
          EXECUTE format('DROP TABLE monitoring.%I', part);
          dropped := dropped + 1;
        END LOOP;
        RETURN dropped;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION monitoring.drop_metric_partitions(integer), monitoring.make_metric_partitions(integer, integer)`);
    await runner.query(`DROP TABLE monitoring.performance_metrics, monitoring.worker_status`);
  }
}
