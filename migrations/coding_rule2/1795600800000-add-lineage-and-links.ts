import type { MigrationInterface, QueryRunner } from 'typeorm';

// allow require-concurrent-index-creation: these tables are of the same first release, nobody has rows in them yet
// allow adding-foreign-key-constraint: of the same first release, so there is nothing to scan
/** Sessions know their parents, merged memories keep their sources, violations know their session and pattern. */
export class AddLineageAndLinks1795600800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE coding_rule2.session_parents (
        session_id varchar(100) NOT NULL,
        parent_session_id varchar(100) NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (session_id, parent_session_id),
        CONSTRAINT session_parents_not_itself_check CHECK (session_id <> parent_session_id)
      )`);
    await runner.query(`CREATE INDEX session_parents_parent_session_id_idx ON coding_rule2.session_parents (parent_session_id)`);
    await runner.query(`
      CREATE TABLE coding_rule2.memory_sources (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        kept_memory_id uuid NOT NULL CONSTRAINT memory_sources_kept_memory_id_fkey
          REFERENCES coding_rule2.memory_inheritance (id) ON DELETE CASCADE,
        session_id varchar(100) NOT NULL,
        memory_type varchar(50) NOT NULL,
        memory_content jsonb NOT NULL,
        retention_priority integer NOT NULL,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        similarity double precision NOT NULL,
        merged_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX memory_sources_kept_memory_id_idx ON coding_rule2.memory_sources (kept_memory_id)`);
    await runner.query(`CREATE INDEX memory_sources_session_id_idx ON coding_rule2.memory_sources (session_id)`);
    await runner.query(`ALTER TABLE coding_rule2.inheritance_bundles ADD COLUMN task text`);
    await runner.query(`CREATE INDEX inheritance_bundles_from_session_id_idx ON coding_rule2.inheritance_bundles (from_session_id)`);
    await runner.query(`
      ALTER TABLE coding_rule2.inheritance_items
        ADD COLUMN memory_session_id varchar(100),
        ADD COLUMN generation integer NOT NULL DEFAULT 1,
        ADD COLUMN relevance double precision`);
    await runner.query(`CREATE INDEX inheritance_items_memory_id_idx ON coding_rule2.inheritance_items (memory_id)`);
    await runner.query(`CREATE INDEX inheritance_items_memory_session_id_idx ON coding_rule2.inheritance_items (memory_session_id)`);
    await this.knowSessionsThatInherited(runner);
    await this.linkViolations(runner);
  }

  /** Bundles from before say who inherited from whom; pairs that point both ways would be a circle and are left out. */
  private async knowSessionsThatInherited(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE coding_rule2.inheritance_items i SET memory_session_id = b.from_session_id
        FROM coding_rule2.inheritance_bundles b WHERE b.id = i.bundle_id`);
    await runner.query(`
      INSERT INTO coding_rule2.session_parents (session_id, parent_session_id, created_at)
      WITH RECURSIVE edge AS (
        SELECT session_id, from_session_id, min(created_at) AS created_at FROM coding_rule2.inheritance_bundles
         WHERE session_id <> from_session_id GROUP BY 1, 2
      ), above (session_id, ancestor) AS (
        SELECT session_id, from_session_id FROM edge
        UNION
        SELECT a.session_id, e.from_session_id FROM above a JOIN edge e ON e.session_id = a.ancestor
      )
      SELECT e.session_id, e.from_session_id, e.created_at FROM edge e
       WHERE NOT EXISTS (SELECT FROM above a WHERE a.session_id = e.from_session_id AND a.ancestor = e.session_id)`);
  }

  private async linkViolations(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE coding_rule2.constitutional_violations
        ADD COLUMN session_id varchar(100),
        ADD COLUMN pattern_type varchar(50) CONSTRAINT constitutional_violations_pattern_type_fkey
          REFERENCES coding_rule2.mistake_patterns (pattern_type) ON DELETE SET NULL ON UPDATE CASCADE`);
    await runner.query(`
      CREATE INDEX constitutional_violations_session_id_idx ON coding_rule2.constitutional_violations (session_id)
       WHERE session_id IS NOT NULL`);
    await runner.query(`
      CREATE INDEX constitutional_violations_pattern_type_idx ON coding_rule2.constitutional_violations (pattern_type)
       WHERE pattern_type IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    // What was merged away becomes a memory again: going back must not lose it.
    await runner.query(`
      INSERT INTO coding_rule2.memory_inheritance (id, session_id, memory_type, memory_content, retention_priority, expires_at, created_at)
      SELECT id, session_id, memory_type, memory_content, retention_priority, expires_at, created_at FROM coding_rule2.memory_sources
      ON CONFLICT (id) DO NOTHING`);
    await runner.query(`ALTER TABLE coding_rule2.constitutional_violations DROP COLUMN pattern_type, DROP COLUMN session_id`);
    await runner.query(`DROP INDEX coding_rule2.inheritance_items_memory_id_idx`);
    await runner.query(`
      ALTER TABLE coding_rule2.inheritance_items DROP COLUMN relevance, DROP COLUMN generation, DROP COLUMN memory_session_id`);
    await runner.query(`DROP INDEX coding_rule2.inheritance_bundles_from_session_id_idx`);
    await runner.query(`ALTER TABLE coding_rule2.inheritance_bundles DROP COLUMN task`);
    await runner.query(`DROP TABLE coding_rule2.memory_sources, coding_rule2.session_parents`);
  }
}
