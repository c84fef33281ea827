import { MIGRATIONS_TABLE } from '../../../database/access/relations.js';
import type { Queryable } from '../../../database/admin-connection.js';

/** The tables of one schema, as the catalogue and the statistics know them: nothing here is counted or measured. */
export interface TablesFigure {
  readonly schema: string;
  /** Partitions belong to their table, the migration history is not the product's. */
  readonly tableCount: number;
  /** Rows in the tables of which something is known. */
  readonly estimatedRows: number;
  /** Tables of which nothing is known: never analysed, and no statistics. */
  readonly unknownTables: number;
  /** Rows of the largest table, partitions each for themselves. */
  readonly largestTableRows: number;
  /** Everything on disk, indexes and TOAST too, as of the last VACUUM or ANALYZE; bytes. */
  readonly sizeBytes: number;
  readonly deadRows: number;
  /** Blocks found in PostgreSQL's own cache, and all that were asked for, since the statistics began. */
  readonly blocksHit: number;
  readonly blocksFetched: number;
  /** Rows inserted, updated and deleted since the statistics began, by the table's OID; tables that were never written are left out. */
  readonly writes: Readonly<Record<string, number>>;
}

/**
 * All schemas in one pass over pg_class. No relation is opened, so no lock on one is taken or waited for: the sizes are
 * relpages and not pg_total_relation_size, which would queue behind a migration's ACCESS EXCLUSIVE.
 *
 * Rows: n_live_tup where VACUUM or ANALYZE has anchored it since the statistics began. Before that it has counted from
 * zero, and after a reset or a crash it begins there again, so then the larger of it and reltuples counts. reltuples is
 * -1 for a table that was never analysed.
 */
const TABLES_SQL = `
  SELECT n.nspname AS schema,
         count(c.oid) FILTER (WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $2)::int AS "tableCount",
         coalesce(sum(s.rows), 0)::float8 AS "estimatedRows",
         count(c.oid) FILTER (WHERE s.written IS NOT NULL AND s.rows IS NULL)::int AS "unknownTables",
         coalesce(max(s.rows), 0)::float8 AS "largestTableRows",
         coalesce(sum(c.relpages::bigint + coalesce(t.relpages, 0) + coalesce(ti.relpages, 0)), 0)::float8
           * current_setting('block_size')::int AS "sizeBytes",
         coalesce(sum(s.dead), 0)::float8 AS "deadRows",
         coalesce(sum(s.hit), 0)::float8 AS "blocksHit",
         coalesce(sum(s.fetched), 0)::float8 AS "blocksFetched",
         coalesce(json_object_agg(c.oid, s.written) FILTER (WHERE s.written > 0), '{}') AS writes
    FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'm', 'i', 'S')
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_index x ON x.indrelid = t.oid
    LEFT JOIN pg_class ti ON ti.oid = x.indexrelid
    LEFT JOIN LATERAL (
         SELECT CASE
                  WHEN pg_stat_get_vacuum_count(c.oid) + pg_stat_get_autovacuum_count(c.oid)
                     + pg_stat_get_analyze_count(c.oid) + pg_stat_get_autoanalyze_count(c.oid) > 0 THEN live
                  WHEN greatest(c.reltuples, live) > 0 THEN greatest(c.reltuples, live)
                  WHEN c.reltuples = 0 OR written > 0 THEN 0
                END AS rows,
                written, dead, hit, fetched
           FROM (SELECT pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
                        pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid) AS written,
                        pg_stat_get_blocks_hit(c.oid) AS hit, pg_stat_get_blocks_fetched(c.oid) AS fetched) counted
         ) s ON c.relkind IN ('r', 'm') AND c.relname <> $2
   WHERE n.nspname = ANY($1)
   GROUP BY n.nspname`;

export async function readTables(db: Queryable, schemas: readonly string[]): Promise<ReadonlyMap<string, TablesFigure>> {
  const rows = await db.query<TablesFigure>(TABLES_SQL, [schemas, MIGRATIONS_TABLE]);
  return new Map(rows.map((row) => [row.schema, row]));
}
