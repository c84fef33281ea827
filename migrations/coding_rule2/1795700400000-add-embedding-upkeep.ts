import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which model the vectors of a table are of, how far a change of model has come, and the vectors that it has replaced: they
 * are searched until all rows have new ones.
 */
export class AddEmbeddingUpkeep1795700400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE coding_rule2.embedding_states (
        corpus varchar(30) PRIMARY KEY,
        model varchar(100) NOT NULL,
        next_model varchar(100),
        cursor_no bigint NOT NULL DEFAULT 0,
        total bigint NOT NULL DEFAULT 0,
        done bigint NOT NULL DEFAULT 0,
        refused bigint NOT NULL DEFAULT 0,
        keeps boolean NOT NULL DEFAULT false,
        switched_at timestamptz
      )`);
    for (const [one, table] of [['conversation', 'conversation_context'], ['memory', 'memory_inheritance']]) {
      await runner.query(`
        CREATE TABLE coding_rule2.${one}_kept_embeddings (
          ${one}_id uuid PRIMARY KEY CONSTRAINT ${one}_kept_embeddings_${one}_id_fkey REFERENCES coding_rule2.${table} (id) ON DELETE CASCADE,
          kept_model varchar(100),
          kept_embedding vector(1536) NOT NULL
        )`);
      await runner.query(`
        CREATE INDEX ${one}_kept_embeddings_kept_embedding_idx
            ON coding_rule2.${one}_kept_embeddings USING hnsw (kept_embedding vector_cosine_ops)`);
    }
    await runner.query('ALTER TABLE coding_rule2.mistake_patterns ADD COLUMN embedding_model varchar(100), ADD COLUMN embedded_text bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE coding_rule2.mistake_patterns DROP COLUMN embedded_text, DROP COLUMN embedding_model');
    await runner.query('DROP TABLE coding_rule2.memory_kept_embeddings, coding_rule2.conversation_kept_embeddings, coding_rule2.embedding_states');
  }
}
