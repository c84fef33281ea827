import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long rows of a product's tables are kept, where operators have set it at run time. */
export class KeepRetention1795700600100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE core.product_retention (
        product_id varchar(31) NOT NULL,
        table_name varchar(63) NOT NULL,
        days integer CONSTRAINT product_retention_days_check CHECK (days BETWEEN 1 AND 36500),
        set_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (product_id, table_name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE core.product_retention`);
  }
}
