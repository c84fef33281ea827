import type { HealthStatus } from '../../monitoring/schema-health/schema-health.entity.js';
import type { IndexesFigure } from './catalogue/indexes.js';

/** How one schema was when it was looked at. Bytes and seconds; only a screen shows them otherwise. */
export interface SchemaFigures {
  /** A product, or `core` or `monitoring`. */
  readonly productId: string;
  readonly checkedAt: Date;
  /** How long the look took that it was part of, milliseconds. */
  readonly durationMs: number;
  readonly status: HealthStatus;
  readonly tableCount: number;
  /** null: neither counted nor known to the statistics. */
  readonly recordCount: number | null;
  readonly recordCountExact: boolean;
  /** The last check that saw rows written; null while none has been. */
  readonly lastActivity: Date | null;
  readonly schemaSizeBytes: number | null;
  readonly schemaSizeExact: boolean;
  readonly connectionsInUse: number;
  readonly connectionLimit: number;
  /** Share of the blocks that were found in PostgreSQL's cache, 0 to 1; null where none was asked for. */
  readonly cacheHitRatio: number | null;
  readonly deadRows: number;
  /** null: not read at this check. */
  readonly migrationsPending: number | null;
  readonly longestTransactionSeconds: number | null;
  /** Against a day before, or the oldest check of an hour or more; null before that. */
  readonly growthBytesPerDay: number | null;
  readonly growthRecordsPerDay: number | null;
  /** Until the schema reaches the threshold of its size at that pace; null where it does not grow or has none. */
  readonly daysUntilLimit: number | null;
  readonly indexes: Omit<IndexesFigure, 'schema'>;
}

/** The columns of monitoring.schema_health as the properties above; a row that leaves out its indexes has none. */
export const FIGURE_COLUMNS = `
  product_id AS "productId", checked_at AS "checkedAt", duration_ms AS "durationMs", status, table_count AS "tableCount",
  record_count::float8 AS "recordCount", record_count_exact AS "recordCountExact", last_activity AS "lastActivity",
  schema_size_bytes::float8 AS "schemaSizeBytes", schema_size_exact AS "schemaSizeExact", connections_in_use AS "connectionsInUse",
  connection_limit AS "connectionLimit", cache_hit_ratio AS "cacheHitRatio", dead_rows::float8 AS "deadRows",
  migrations_pending AS "migrationsPending", longest_transaction_seconds AS "longestTransactionSeconds",
  growth_bytes_per_day AS "growthBytesPerDay", growth_records_per_day AS "growthRecordsPerDay", days_until_limit AS "daysUntilLimit",
  '{ "invalid": [], "unused": [], "duplicate": [], "hnsw": [] }'::jsonb || indexes AS indexes`;
