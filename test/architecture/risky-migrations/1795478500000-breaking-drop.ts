import type { MigrationInterface, QueryRunner } from 'typeorm';

// allow require-concurrent-index-creation: the table holds a dozen rows and is written once a day
export class BreakingDrop1795478500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tea_house.teas DROP COLUMN price`);
    await runner.query(`CREATE INDEX teas_name_idx ON tea_house.teas (name)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE tea_house.teas ADD COLUMN price integer`);
  }
}
