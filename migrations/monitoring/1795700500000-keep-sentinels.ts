import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A row of each product that means nothing but is worth stealing: the canary tries to read it as every other product. */
export class KeepSentinels1795700500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring.sentinels (
        product_id varchar(50) PRIMARY KEY,
        kept_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE monitoring.sentinels`);
  }
}
