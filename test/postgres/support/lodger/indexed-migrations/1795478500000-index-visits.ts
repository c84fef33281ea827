import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexVisits1795478500000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX CONCURRENTLY IF NOT EXISTS visits_name_idx ON visits (name)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS visits_name_idx`);
  }
}
