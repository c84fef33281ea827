import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the checks of the schemas find, the alerts that follow from it, and what is told to whom. */
export class CreateHealthAndAlerts1795600300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.createHealth(runner);
    await this.createAlerts(runner);
    await this.createNotifications(runner);
  }

  private async createHealth(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.schema_health (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        product_id varchar(50) NOT NULL,
        checked_at timestamptz NOT NULL DEFAULT now(),
        duration_ms double precision NOT NULL DEFAULT 0,
        status varchar(20) NOT NULL CONSTRAINT schema_health_status_check CHECK (status IN ('ok', 'warning', 'critical', 'unknown')),
        table_count integer NOT NULL,
        record_count bigint,
        record_count_exact boolean NOT NULL DEFAULT false,
        last_activity timestamptz,
        schema_size_bytes bigint,
        schema_size_exact boolean NOT NULL DEFAULT false,
        connections_in_use integer NOT NULL DEFAULT 0,
        connection_limit integer NOT NULL DEFAULT 0,
        cache_hit_ratio double precision,
        dead_rows bigint NOT NULL DEFAULT 0,
        migrations_pending integer,
        longest_transaction_seconds double precision,
        growth_bytes_per_day double precision,
        growth_records_per_day double precision,
        days_until_limit double precision,
        indexes jsonb NOT NULL DEFAULT '{}',
        hourly boolean NOT NULL DEFAULT false
      )`);
    await runner.query(`CREATE INDEX schema_health_product_id_checked_at_idx ON monitoring.schema_health (product_id, checked_at DESC, id DESC)`);
    await runner.query(`CREATE INDEX schema_health_checked_at_idx ON monitoring.schema_health (checked_at)`);
    await runner.query(`
      CREATE TABLE monitoring.schema_activity (
        product_id varchar(50) PRIMARY KEY,
        counters jsonb NOT NULL,
        last_activity timestamptz,
        exact_at timestamptz,
        exact_records bigint,
        exact_bytes bigint,
        seen_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  private async createAlerts(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.alerts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        fingerprint varchar(16) NOT NULL,
        rule_id varchar(60) NOT NULL,
        product_id varchar(50),
        subject varchar(100) NOT NULL DEFAULT '',
        severity varchar(20) NOT NULL CONSTRAINT alerts_severity_check CHECK (severity IN ('warning', 'critical')),
        state varchar(20) NOT NULL CONSTRAINT alerts_state_check CHECK (state IN ('pending', 'firing', 'resolved')),
        condition varchar(20) NOT NULL CONSTRAINT alerts_condition_check CHECK (condition IN ('breached', 'no_data', 'error')),
        message text NOT NULL,
        value double precision,
        started_at timestamptz NOT NULL DEFAULT now(),
        fired_at timestamptz,
        resolved_at timestamptz,
        evaluated_at timestamptz NOT NULL DEFAULT now(),
        acknowledged_at timestamptz,
        acknowledged_by varchar(120),
        acknowledgement varchar(500),
        notified_at timestamptz,
        notifications integer NOT NULL DEFAULT 0,
        pushed_at timestamptz
      )`);
    await runner.query(`CREATE UNIQUE INDEX alerts_open_key ON monitoring.alerts (fingerprint) WHERE state <> 'resolved'`);
    await runner.query(`CREATE INDEX alerts_started_at_idx ON monitoring.alerts (started_at, id)`);
    await runner.query(`CREATE INDEX alerts_product_id_started_at_idx ON monitoring.alerts (product_id, started_at)`);
    await runner.query(`
      CREATE TABLE monitoring.alert_evaluations (
        rule_id varchar(60) PRIMARY KEY,
        evaluated_at timestamptz NOT NULL,
        steady_since timestamptz NOT NULL,
        duration_ms double precision NOT NULL,
        error text
      )`);
    await runner.query(`
      CREATE TABLE monitoring.alert_rule_settings (
        rule_id varchar(60) NOT NULL,
        product_id varchar(50) NOT NULL,
        enabled boolean,
        severity varchar(20) CONSTRAINT alert_rule_settings_severity_check CHECK (severity IN ('warning', 'critical')),
        for_seconds integer,
        repeat_seconds integer,
        threshold double precision,
        set_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (rule_id, product_id)
      )`);
    await runner.query(`
      CREATE TABLE monitoring.silences (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        product_id varchar(50),
        rule_id varchar(60),
        reason varchar(500) NOT NULL DEFAULT '',
        created_by varchar(120) NOT NULL DEFAULT '',
        starts_at timestamptz NOT NULL DEFAULT now(),
        ends_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT silences_ends_at_check CHECK (ends_at > starts_at)
      )`);
    await runner.query(`CREATE INDEX silences_created_at_idx ON monitoring.silences (created_at, id)`);
    await runner.query(`CREATE INDEX silences_ends_at_idx ON monitoring.silences (ends_at)`);
  }

  private async createNotifications(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.alert_notifications (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        target varchar(50) NOT NULL,
        dedup_key varchar(100) NOT NULL CONSTRAINT alert_notifications_dedup_key_key UNIQUE,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        last_error text,
        delivered_at timestamptz,
        abandoned_at timestamptz
      )`);
    await runner.query(`
      CREATE INDEX alert_notifications_open_idx ON monitoring.alert_notifications (target, created_at, id)
       WHERE delivered_at IS NULL AND abandoned_at IS NULL`);
    await runner.query(`CREATE INDEX alert_notifications_created_at_idx ON monitoring.alert_notifications (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE monitoring.alert_notifications, monitoring.silences, monitoring.alert_rule_settings, monitoring.alert_evaluations,
                 monitoring.alerts, monitoring.schema_activity, monitoring.schema_health`);
  }
}
