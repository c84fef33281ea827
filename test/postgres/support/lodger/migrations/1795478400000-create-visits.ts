import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Without a schema's name, since each lodger has another: the migrator's search_path starts with it. */
export class CreateVisits1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE visits (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(50) NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE visits`);
  }
}
