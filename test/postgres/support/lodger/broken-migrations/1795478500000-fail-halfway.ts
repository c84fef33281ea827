import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Makes something and then fails: neither may stay. */
export class FailHalfway1795478500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE half (id integer)`);
    await runner.query(`SELECT 1 / 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE half`);
  }
}
