import type { Queryable } from '../../../database/admin-connection.js';

/** An HNSW index: large, slow to build, and what a search by meaning stands on. */
export interface HnswIndex {
  readonly name: string;
  /** As of its creation or the last VACUUM; bytes. */
  readonly sizeBytes: number;
  readonly state: 'ready' | 'building' | 'invalid';
  /** How far it is built, percent; null where it is ready, or where another role builds it and only that role may see. */
  readonly progressPercent: number | null;
}

/** What is worth saying about the indexes of one schema; at most twenty names in each list. */
export interface IndexesFigure {
  readonly schema: string;
  /** Left behind by a CREATE INDEX CONCURRENTLY that failed: written to, never read. Those being built don't count. */
  readonly invalid: readonly string[];
  /** Never read since the statistics began, not unique, a megabyte or more. */
  readonly unused: readonly string[];
  /** The same columns, conditions and order as another one of the table. */
  readonly duplicate: readonly { readonly name: string; readonly of: string }[];
  readonly hnsw: readonly HnswIndex[];
}

export const NO_INDEXES: Omit<IndexesFigure, 'schema'> = { invalid: [], unused: [], duplicate: [], hnsw: [] };

/** A smaller index costs too little to be worth a line. */
const WORTH_NAMING_BYTES = 1024 * 1024;

/**
 * All schemas in one pass over pg_index, opening none of them. The indexes of partitions belong to that of their table.
 * pg_stat_progress_create_index shows who may not see more only that an index is being built, not which: then any
 * invalid one may be it.
 */
const INDEXES_SQL = `
  WITH index AS (
    SELECT n.nspname AS schema, i.relname AS name, am.amname AS method, x.indisvalid AS valid, i.relispartition AS of_partition,
           i.relpages::float8 * current_setting('block_size')::int AS bytes,
           x.indisunique OR x.indisexclusion AS constrains, pg_stat_get_numscans(i.oid) AS scans,
           first_value(i.relname) OVER (
             PARTITION BY x.indrelid, i.relam, x.indkey::text, x.indclass::text, x.indcollation::text, x.indoption::text,
                          coalesce(x.indexprs::text, ''), coalesce(x.indpred::text, '')
             ORDER BY x.indisvalid DESC, x.indisprimary DESC, x.indisunique DESC, i.oid) AS first_of_its_kind,
           b.pid IS NOT NULL AS building,
           CASE WHEN b.blocks_total > 0 THEN round(100.0 * b.blocks_done / b.blocks_total)::float8 END AS progress
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_namespace n ON n.oid = i.relnamespace
      JOIN pg_am am ON am.oid = i.relam
      LEFT JOIN LATERAL (
           SELECT pid, blocks_done, blocks_total FROM pg_stat_progress_create_index
            WHERE datname = current_database() AND coalesce(nullif(index_relid, 0), x.indexrelid) = x.indexrelid LIMIT 1
           ) b ON NOT x.indisvalid
     WHERE n.nspname = ANY($1)
  )
  SELECT schema,
         coalesce((array_agg(name::text ORDER BY name) FILTER (WHERE NOT valid AND NOT building))[1:20], '{}') AS invalid,
         coalesce((array_agg(name::text ORDER BY bytes DESC, name) FILTER (WHERE scans = 0 AND valid AND NOT constrains AND NOT of_partition AND bytes >= $2))[1:20], '{}') AS unused,
         coalesce((json_agg(json_build_object('name', name, 'of', first_of_its_kind) ORDER BY name)
                   FILTER (WHERE valid AND NOT of_partition AND name <> first_of_its_kind)), '[]') AS duplicate,
         coalesce((json_agg(json_build_object('name', name, 'sizeBytes', bytes, 'progressPercent', progress,
                                              'state', CASE WHEN valid THEN 'ready' WHEN building THEN 'building' ELSE 'invalid' END) ORDER BY bytes DESC, name)
                   FILTER (WHERE method = 'hnsw')), '[]') AS hnsw
    FROM index
   WHERE NOT valid OR method = 'hnsw' OR name <> first_of_its_kind OR (scans = 0 AND bytes >= $2)
   GROUP BY schema`;

/** Schemas of which there is nothing to say are left out. */
export async function readIndexes(db: Queryable, schemas: readonly string[]): Promise<ReadonlyMap<string, IndexesFigure>> {
  const rows = await db.query<IndexesFigure>(INDEXES_SQL, [schemas, WORTH_NAMING_BYTES]);
  return new Map(rows.map((row) => [row.schema, { ...row, duplicate: row.duplicate.slice(0, 20), hnsw: row.hnsw.slice(0, 20) }]));
}
