import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was asked before acting, what was advised, and what came of it. */
export class AddMistakeChecks1795600710000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE coding_rule2.mistake_patterns ADD COLUMN vector_embedding vector(1536)');
    await runner.query(`
      CREATE TABLE coding_rule2.mistake_checks (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        session_id varchar(100),
        action text NOT NULL,
        context text,
        verdict varchar(10) NOT NULL CONSTRAINT mistake_checks_verdict_check CHECK (verdict IN ('allow', 'warn', 'block')),
        heeded boolean,
        mistake_happened boolean,
        outcome_detail text,
        outcome_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX mistake_checks_created_at_idx ON coding_rule2.mistake_checks (created_at, id)');
    await runner.query('CREATE INDEX mistake_checks_session_id_created_at_idx ON coding_rule2.mistake_checks (session_id, created_at)');
    await runner.query(`
      CREATE TABLE coding_rule2.mistake_check_matches (
        check_id uuid NOT NULL CONSTRAINT mistake_check_matches_check_id_fkey REFERENCES coding_rule2.mistake_checks (id) ON DELETE CASCADE,
        pattern_id uuid NOT NULL CONSTRAINT mistake_check_matches_pattern_id_fkey REFERENCES coding_rule2.mistake_patterns (id) ON DELETE CASCADE,
        reasons jsonb NOT NULL,
        PRIMARY KEY (check_id, pattern_id)
      )`);
    await runner.query('CREATE INDEX mistake_check_matches_pattern_id_idx ON coding_rule2.mistake_check_matches (pattern_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE coding_rule2.mistake_check_matches, coding_rule2.mistake_checks');
    await runner.query('ALTER TABLE coding_rule2.mistake_patterns DROP COLUMN vector_embedding');
  }
}
