import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The data layer of an AI coding assistant: mistakes, conversations, violations, memories. */
export class CreateCodingRule21795478400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE coding_rule2.mistake_patterns (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        pattern_type varchar(50) NOT NULL CONSTRAINT mistake_patterns_pattern_type_key UNIQUE,
        pattern_description text NOT NULL,
        pattern_data jsonb NOT NULL,
        occurrences integer NOT NULL DEFAULT 0 CONSTRAINT mistake_patterns_occurrences_check CHECK (occurrences >= 0),
        last_occurrence timestamptz,
        prevention_actions jsonb,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX mistake_patterns_occurrences_idx ON coding_rule2.mistake_patterns (occurrences, id)`);
    await runner.query(`
      CREATE TABLE coding_rule2.mistake_occurrences (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        pattern_id uuid NOT NULL CONSTRAINT mistake_occurrences_pattern_id_fkey REFERENCES coding_rule2.mistake_patterns (id) ON DELETE CASCADE,
        session_id varchar(100),
        detail text,
        occurred_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE INDEX mistake_occurrences_pattern_id_occurred_at_idx ON coding_rule2.mistake_occurrences (pattern_id, occurred_at)`);
    await runner.query(`
      CREATE TABLE coding_rule2.conversation_context (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        session_id varchar(100) NOT NULL,
        user_message text NOT NULL,
        ai_response text NOT NULL,
        context_data jsonb NOT NULL,
        vector_embedding vector(1536),
        importance_level varchar(20) NOT NULL DEFAULT 'normal'
          CONSTRAINT conversation_context_importance_level_check CHECK (importance_level IN ('low', 'normal', 'high', 'critical')),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE INDEX conversation_context_session_id_created_at_idx ON coding_rule2.conversation_context (session_id, created_at, id)`);
    await runner.query(`CREATE INDEX conversation_context_created_at_idx ON coding_rule2.conversation_context (created_at, id)`);
    await runner.query(`
      CREATE INDEX conversation_context_vector_embedding_idx
          ON coding_rule2.conversation_context USING hnsw (vector_embedding vector_cosine_ops)`);
    await runner.query(`
      CREATE TABLE coding_rule2.constitutional_violations (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        violation_type varchar(50) NOT NULL,
        violation_description text NOT NULL,
        original_response text NOT NULL,
        corrected_response text,
        severity_level varchar(20) NOT NULL
          CONSTRAINT constitutional_violations_severity_level_check CHECK (severity_level IN ('low', 'medium', 'high', 'critical')),
        auto_corrected boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX constitutional_violations_created_at_idx ON coding_rule2.constitutional_violations (created_at, id)`);
    await this.createMemories(runner);
  }

  private async createMemories(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE coding_rule2.memory_inheritance (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        session_id varchar(100) NOT NULL,
        memory_type varchar(50) NOT NULL,
        memory_content jsonb NOT NULL,
        retention_priority integer NOT NULL DEFAULT 5
          CONSTRAINT memory_inheritance_retention_priority_check CHECK (retention_priority BETWEEN 1 AND 10),
        expires_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE INDEX memory_inheritance_session_id_created_at_idx ON coding_rule2.memory_inheritance (session_id, created_at, id)`);
    await runner.query(`CREATE INDEX memory_inheritance_created_at_idx ON coding_rule2.memory_inheritance (created_at, id)`);
    await runner.query(`
      CREATE INDEX memory_inheritance_expires_at_idx ON coding_rule2.memory_inheritance (expires_at) WHERE expires_at IS NOT NULL`);
    await runner.query(`
      CREATE TABLE coding_rule2.inheritance_bundles (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        session_id varchar(100) NOT NULL,
        from_session_id varchar(100) NOT NULL,
        budget_tokens integer NOT NULL,
        used_tokens integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE INDEX inheritance_bundles_session_id_created_at_idx ON coding_rule2.inheritance_bundles (session_id, created_at)`);
    // No foreign key to the memory: what was handed on, and why, stays on record after the memory has expired.
    await runner.query(`
      CREATE TABLE coding_rule2.inheritance_items (
        bundle_id uuid NOT NULL CONSTRAINT inheritance_items_bundle_id_fkey REFERENCES coding_rule2.inheritance_bundles (id) ON DELETE CASCADE,
        position integer NOT NULL,
        memory_id uuid NOT NULL,
        tokens integer NOT NULL,
        included boolean NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (bundle_id, position)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE coding_rule2.inheritance_items, coding_rule2.inheritance_bundles, coding_rule2.memory_inheritance,
                 coding_rule2.constitutional_violations, coding_rule2.conversation_context,
                 coding_rule2.mistake_occurrences, coding_rule2.mistake_patterns`);
  }
}
