import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a product of the benchmark is made of. Names without a schema: each product's connection is at home in its own. */
const FOUR_TABLES: readonly string[] = [
  `CREATE TABLE patterns (
     id uuid PRIMARY KEY DEFAULT gen_random_uuid(), pattern_type varchar(50) NOT NULL UNIQUE, pattern_data jsonb NOT NULL,
     occurrences integer NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE TABLE conversations (
     id uuid PRIMARY KEY DEFAULT gen_random_uuid(), session_id varchar(100) NOT NULL, user_message text NOT NULL, ai_response text NOT NULL,
     embedding vector(1536), created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE INDEX conversations_session_id_idx ON conversations (session_id, created_at)`,
  `CREATE INDEX conversations_embedding_idx ON conversations USING hnsw (embedding vector_cosine_ops)`,
  `CREATE TABLE violations (
     id uuid PRIMARY KEY DEFAULT gen_random_uuid(), severity_level varchar(20) NOT NULL, description text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`,
  `CREATE TABLE memories (
     id uuid PRIMARY KEY DEFAULT gen_random_uuid(), session_id varchar(100) NOT NULL, memory_content jsonb NOT NULL, expires_at timestamptz,
     created_at timestamptz NOT NULL DEFAULT now())`,
];

export class CreateFourTables1795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of FOUR_TABLES) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE patterns, conversations, violations, memories`);
  }
}
