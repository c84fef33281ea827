import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the lint is there to find: run by no test, read by test/architecture/migration-lint.test.ts. */
export class HurtLiveTraffic1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tea_house.cups (id uuid PRIMARY KEY, name varchar(50) NOT NULL)`);
    await runner.query(`CREATE INDEX cups_name_idx ON tea_house.cups (name)`);
    await runner.query(`CREATE INDEX teas_name_idx ON tea_house.teas (name)`);
    await runner.query(`ALTER TABLE tea_house.teas ADD COLUMN origin text NOT NULL`);
    await runner.query(`ALTER TABLE tea_house.teas ALTER COLUMN name TYPE text`);
    await runner.query(`ALTER TABLE tea_house.teas DROP COLUMN price`);
    await runner.query(`SET LOCAL lock_timeout = 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tea_house.cups`);
  }
}
