import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Conversations that have no vector are found without reading those that have one. */
export class IndexUnembeddedConversations1795700410000 implements MigrationInterface {
  // Built beside live traffic.
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS conversation_context_unembedded_idx ON coding_rule2.conversation_context (text_no) WHERE vector_embedding IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS coding_rule2.conversation_context_unembedded_idx');
  }
}
