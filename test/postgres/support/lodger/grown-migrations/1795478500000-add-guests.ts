import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Needs the table for itself, so it has to wait for whoever reads. */
export class AddGuests1795478500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE visits ADD COLUMN guests integer NOT NULL DEFAULT 1`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE visits DROP COLUMN guests`);
  }
}
