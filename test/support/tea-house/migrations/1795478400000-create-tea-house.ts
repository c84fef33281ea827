import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTeaHouse1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE tea_house.teas (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(50) NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE tea_house.teas`);
  }
}
