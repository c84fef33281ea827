import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Fails half way: its first table must not stay behind. */
export class CreateNothing1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE lodger_broken.half (id int)');
    await runner.query('SELECT no_such_function()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE lodger_broken.half');
  }
}
