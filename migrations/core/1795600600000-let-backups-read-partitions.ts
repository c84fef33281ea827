import type { MigrationInterface, QueryRunner } from 'typeorm';

/** pg_dump reads a partition as the table that it is, so `nagaya_backup` needs its grant and its policy on each. */
export class LetBackupsReadPartitions1795600600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Called whenever partitions have been made. A policy takes an ACCESS EXCLUSIVE lock: on a partition of this moment nobody
    // waits for it. The lock on the parent lets simultaneous calls wait for each other instead of failing.
    await runner.query(`
      CREATE FUNCTION core.open_partitions_to_backup() RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp SET lock_timeout = '5s' AS $$
      DECLARE
        part record;
        opened integer := 0;
      BEGIN
        LOCK TABLE core.monitoring_events IN SHARE UPDATE EXCLUSIVE MODE;
        FOR part IN
          SELECT format('%I.%I', n.nspname, c.relname) AS name,
                 has_table_privilege('nagaya_backup', c.oid, 'SELECT') AS granted,
                 EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup_rows') AS policed
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relispartition AND c.relkind IN ('r', 'p') AND n.nspname IN ('core', 'monitoring')
           ORDER BY 1
        LOOP
          CONTINUE WHEN part.granted AND part.policed;
          EXECUTE 'GRANT SELECT ON ' || part.name || ' TO nagaya_backup';
          IF NOT part.policed THEN
            EXECUTE 'CREATE POLICY backup_rows ON ' || part.name || ' FOR SELECT TO nagaya_backup USING (true)';
          END IF;
          opened := opened + 1;
        END LOOP;
        RETURN opened;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION core.open_partitions_to_backup()');
  }
}
