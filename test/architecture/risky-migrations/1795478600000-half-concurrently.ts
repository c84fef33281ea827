import type { MigrationInterface, QueryRunner } from 'typeorm';

// allow ban-drop-table: short
export class HalfConcurrently1795478600000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX CONCURRENTLY teas_name_idx ON tea_house.teas (name)`);
    await runner.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS teas_origin_idx ON tea_house.teas (origin)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX CONCURRENTLY tea_house.teas_name_idx`);
  }
}
