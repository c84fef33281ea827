import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a product was archived and from when on it may be dropped; and limits that operators set at run time. */
export class KeepArchivesAndQuotas1795600400100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE core.products ADD COLUMN archived_at timestamptz, ADD COLUMN drop_after timestamptz`);
    await runner.query(`
      CREATE TABLE core.product_quotas (
        product_id varchar(31) PRIMARY KEY,
        max_bytes bigint CONSTRAINT product_quotas_max_bytes_check CHECK (max_bytes >= 0),
        max_rows bigint CONSTRAINT product_quotas_max_rows_check CHECK (max_rows >= 0),
        set_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE core.product_quotas`);
    await runner.query(`ALTER TABLE core.products DROP COLUMN drop_after, DROP COLUMN archived_at`);
  }
}
