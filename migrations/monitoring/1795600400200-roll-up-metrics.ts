import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Hourly rollups of the metrics, which hours have been rolled up, and which have had rows since. */
export class RollUpMetrics1795600400200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.metric_rollups (
        product_id varchar(50) NOT NULL,
        metric_type varchar(50) NOT NULL,
        hour timestamptz NOT NULL,
        count bigint NOT NULL,
        sum double precision NOT NULL,
        min double precision NOT NULL,
        max double precision NOT NULL,
        p50 double precision NOT NULL,
        p95 double precision NOT NULL,
        p99 double precision NOT NULL,
        sketch_keys integer[] NOT NULL,
        sketch_counts integer[] NOT NULL,
        PRIMARY KEY (product_id, hour, metric_type)
      )`);
    await runner.query(`CREATE INDEX metric_rollups_hour_idx ON monitoring.metric_rollups (hour)`);
    await runner.query(`CREATE TABLE monitoring.metric_rolled_hours (hour timestamptz PRIMARY KEY, rolled_at timestamptz NOT NULL DEFAULT now())`);
    // One row a statement and hour, never one that two statements share: a rollup takes away those that it saw, and no others.
    await runner.query(`
      CREATE TABLE monitoring.metric_late_hours (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        product_id varchar(50) NOT NULL,
        hour timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX metric_late_hours_product_id_hour_idx ON monitoring.metric_late_hours (product_id, hour)`);
    await runner.query(`CREATE INDEX metric_late_hours_hour_idx ON monitoring.metric_late_hours (hour)`);
    // With the rights of who inserts: a product marks its own hours and no others'.
    await runner.query(`
      CREATE FUNCTION monitoring.mark_late_hours() RETURNS trigger
      LANGUAGE plpgsql SET search_path = pg_catalog, monitoring, pg_temp AS $$
      BEGIN
        INSERT INTO monitoring.metric_late_hours (product_id, hour)
        SELECT DISTINCT product_id, date_trunc('hour', timestamp, 'UTC') FROM new_metrics
         WHERE timestamp < date_trunc('hour', clock_timestamp(), 'UTC');
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER mark_late_hours AFTER INSERT ON monitoring.performance_metrics
      REFERENCING NEW TABLE AS new_metrics FOR EACH STATEMENT EXECUTE FUNCTION monitoring.mark_late_hours()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER mark_late_hours ON monitoring.performance_metrics`);
    await runner.query(`DROP FUNCTION monitoring.mark_late_hours()`);
    await runner.query(`DROP TABLE monitoring.metric_late_hours, monitoring.metric_rolled_hours, monitoring.metric_rollups`);
  }
}
