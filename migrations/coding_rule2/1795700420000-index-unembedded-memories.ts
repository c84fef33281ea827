import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Memories that have no vector are found without reading those that have one. */
export class IndexUnembeddedMemories1795700420000 implements MigrationInterface {
  // Built beside live traffic.
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS memory_inheritance_unembedded_idx ON coding_rule2.memory_inheritance (text_no) WHERE vector_embedding IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS coding_rule2.memory_inheritance_unembedded_idx');
  }
}
