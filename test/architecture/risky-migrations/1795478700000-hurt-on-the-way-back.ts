import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Harmless forwards. */
export class HurtOnTheWayBack1795478700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tea_house.cups (id uuid PRIMARY KEY)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tea_house.cups`);
    await runner.query(`ALTER TABLE tea_house.teas ALTER COLUMN name TYPE varchar(20)`);
    await runner.query(`CREATE INDEX teas_name_idx ON tea_house.teas (name)`);
  }
}
