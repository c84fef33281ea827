import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a deployment's roles are called is its own affair (NAGAYA_ROLE_PREFIX), so a function names none: it runs as its owner,
 * whose name says what the others are called.
 */
export class NameNoRolesInFunctions1795700600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(openPartitionsToBackup(`regexp_replace(current_user, '_owner$', '_backup')`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(openPartitionsToBackup(`'nagaya_backup'`));
  }
}

/** Called whenever partitions have been made; see 1795600600000-let-backups-read-partitions.ts for its locks. */
function openPartitionsToBackup(backupRole: string): string {
  return `
    CREATE OR REPLACE FUNCTION core.open_partitions_to_backup() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp SET lock_timeout = '5s' AS $$
    DECLARE
      backup constant text := ${backupRole};
      part record;
      opened integer := 0;
    BEGIN
      LOCK TABLE core.monitoring_events IN SHARE UPDATE EXCLUSIVE MODE;
      FOR part IN
        SELECT format('%I.%I', n.nspname, c.relname) AS name,
               has_table_privilege(backup, c.oid, 'SELECT') AS granted,
               EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup_rows') AS policed
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relispartition AND c.relkind IN ('r', 'p') AND n.nspname IN ('core', 'monitoring')
         ORDER BY 1
      LOOP
        CONTINUE WHEN part.granted AND part.policed;
        EXECUTE format('GRANT SELECT ON %s TO %I', part.name, backup);
        IF NOT part.policed THEN
          EXECUTE format('CREATE POLICY backup_rows ON %s FOR SELECT TO %I USING (true)', part.name, backup);
        END IF;
        opened := opened + 1;
      END LOOP;
      RETURN opened;
    END $$`;
}
