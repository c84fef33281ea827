import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { newId } from '../../database/new-id.js';
import type { ActivityBefore } from './activity.js';
import { FIGURE_COLUMNS, type SchemaFigures } from './schema-figures.js';

/** What the last look at a schema left behind. */
export interface LookBefore extends ActivityBefore {
  readonly productId: string;
  readonly exactAt: Date | null;
  readonly exactBytes: number | null;
  readonly migrationsPending: number | null;
}

/** A check to compare with: about a day old, or the oldest there is. */
export interface Base {
  readonly productId: string;
  readonly checkedAt: Date;
  readonly recordCount: number | null;
  readonly schemaSizeBytes: number | null;
}

/** What is to be remembered of a look, beside its figures. */
export interface LookAfter {
  readonly figures: SchemaFigures;
  readonly counters: Readonly<Record<string, number>>;
  readonly exact: { readonly records: number | null; readonly sizeBytes: number | null } | undefined;
}

/** Every check is kept for two days, the first of each hour for ninety: a chart of a quarter, and the recent past to the minute. */
const KEPT_HOURS = 48;
const HOURLY_KEPT_DAYS = 90;
/** The alerts ask for it several times in one pass. */
const LATEST_FRESH_MS = 1_000;

/** The checks that are kept, written and read by the control login. */
@Injectable()
export class HealthStore {
  private remembered: { rows: Promise<SchemaFigures[]>; until: number } | undefined;

  constructor(private readonly databases: Databases) {}

  async looksBefore(): Promise<ReadonlyMap<string, LookBefore>> {
    const rows = await this.databases.control.query<LookBefore>(
      `SELECT a.product_id AS "productId", a.counters, a.last_activity AS "lastActivity", a.exact_at AS "exactAt",
              a.exact_records::float8 AS "exactRecords", a.exact_bytes::float8 AS "exactBytes", h.migrations_pending AS "migrationsPending"
         FROM monitoring.schema_activity a
         LEFT JOIN LATERAL (
              SELECT migrations_pending FROM monitoring.schema_health h
               WHERE h.product_id = a.product_id ORDER BY checked_at DESC LIMIT 1) h ON true`,
    );
    return new Map(rows.map((row) => [row.productId, row]));
  }

  async basesFor(schemas: readonly string[]): Promise<ReadonlyMap<string, Base>> {
    const rows = await this.databases.control.query<Base>(
      `SELECT s.id AS "productId", b.checked_at AS "checkedAt", b.record_count::float8 AS "recordCount", b.schema_size_bytes::float8 AS "schemaSizeBytes"
         FROM unnest($1::varchar[]) AS s (id)
        CROSS JOIN LATERAL (
              (SELECT checked_at, record_count, schema_size_bytes FROM monitoring.schema_health h
                WHERE h.product_id = s.id AND checked_at <= clock_timestamp() - interval '24 hours' ORDER BY checked_at DESC LIMIT 1)
              UNION ALL
              (SELECT checked_at, record_count, schema_size_bytes FROM monitoring.schema_health h
                WHERE h.product_id = s.id ORDER BY checked_at LIMIT 1)
              LIMIT 1) b`,
      [schemas],
    );
    return new Map(rows.map((row) => [row.productId, row]));
  }

  /** The figures and what the next look has to know, in one transaction. */
  async keep(looks: readonly LookAfter[]): Promise<void> {
    await this.databases.control.unitOfWork(async () => {
      await this.insertFigures(looks);
      await this.remember(looks);
    });
    this.remembered = undefined;
  }

  /** The newest check of each schema, by id. */
  latest(): Promise<SchemaFigures[]> {
    const now = performance.now();
    if (this.remembered === undefined || this.remembered.until < now) {
      this.remembered = { rows: this.readLatest(), until: now + LATEST_FRESH_MS };
      this.remembered.rows.catch(() => (this.remembered = undefined));
    }
    return this.remembered.rows;
  }

  /** Deletes what is no longer kept, in steps, so that no statement runs long. */
  async prune(signal: AbortSignal): Promise<void> {
    for (let deleted = 1; deleted > 0 && !signal.aborted; ) {
      const rows = await this.databases.control.query(
        `DELETE FROM monitoring.schema_health WHERE id IN (
           SELECT id FROM monitoring.schema_health
            WHERE (checked_at < clock_timestamp() - make_interval(hours => $1) AND NOT hourly)
               OR checked_at < clock_timestamp() - make_interval(days => $2)
            ORDER BY checked_at LIMIT 5000)
         RETURNING 1 AS one`,
        [KEPT_HOURS, HOURLY_KEPT_DAYS],
      );
      deleted = rows.length;
    }
  }

  private readLatest(): Promise<SchemaFigures[]> {
    return this.databases.control.query<SchemaFigures>(
      `SELECT h.* FROM monitoring.schema_activity a
        CROSS JOIN LATERAL (SELECT ${FIGURE_COLUMNS} FROM monitoring.schema_health h WHERE h.product_id = a.product_id ORDER BY checked_at DESC, id DESC LIMIT 1) h
        ORDER BY a.product_id`,
    );
  }

  private async insertFigures(looks: readonly LookAfter[]): Promise<void> {
    await this.databases.control.query(
      `INSERT INTO monitoring.schema_health
              (id, product_id, checked_at, duration_ms, status, table_count, record_count, record_count_exact, last_activity, schema_size_bytes,
               schema_size_exact, connections_in_use, connection_limit, cache_hit_ratio, dead_rows, migrations_pending, longest_transaction_seconds,
               growth_bytes_per_day, growth_records_per_day, days_until_limit, indexes, hourly)
       SELECT f.id, f."productId", f."checkedAt", f."durationMs", f.status, f."tableCount", f."recordCount", f."recordCountExact", f."lastActivity", f."schemaSizeBytes",
              f."schemaSizeExact", f."connectionsInUse", f."connectionLimit", f."cacheHitRatio", f."deadRows", f."migrationsPending", f."longestTransactionSeconds",
              f."growthBytesPerDay", f."growthRecordsPerDay", f."daysUntilLimit", f.indexes,
              NOT EXISTS (SELECT FROM monitoring.schema_health h
                           WHERE h.product_id = f."productId" AND h.checked_at >= date_trunc('hour', f."checkedAt") AND h.hourly)
         FROM jsonb_to_recordset($1::jsonb) AS f
              (id uuid, "productId" text, "checkedAt" timestamptz, "durationMs" float8, status text, "tableCount" int, "recordCount" bigint, "recordCountExact" boolean,
               "lastActivity" timestamptz, "schemaSizeBytes" bigint, "schemaSizeExact" boolean, "connectionsInUse" int, "connectionLimit" int, "cacheHitRatio" float8,
               "deadRows" bigint, "migrationsPending" int, "longestTransactionSeconds" float8, "growthBytesPerDay" float8, "growthRecordsPerDay" float8,
               "daysUntilLimit" float8, indexes jsonb)`,
      [JSON.stringify(looks.map(({ figures }) => ({ id: newId(), ...figures })))],
    );
  }

  /** A look that began before another one that is written already leaves that one's memory alone. */
  private async remember(looks: readonly LookAfter[]): Promise<void> {
    await this.databases.control.query(
      `INSERT INTO monitoring.schema_activity AS a (product_id, counters, last_activity, exact_at, exact_records, exact_bytes, seen_at)
       SELECT l.id, l.counters, l."lastActivity", l."exactAt", l.records, l.bytes, l."seenAt"
         FROM jsonb_to_recordset($1::jsonb) AS l
              (id text, counters jsonb, "lastActivity" timestamptz, "exactAt" timestamptz, records bigint, bytes bigint, "seenAt" timestamptz)
        ORDER BY l.id
       ON CONFLICT (product_id) DO UPDATE
          SET counters = excluded.counters, last_activity = greatest(a.last_activity, excluded.last_activity),
              exact_at = coalesce(excluded.exact_at, a.exact_at),
              exact_records = coalesce(excluded.exact_records, a.exact_records),
              exact_bytes = coalesce(excluded.exact_bytes, a.exact_bytes),
              seen_at = excluded.seen_at
        WHERE a.seen_at <= excluded.seen_at`,
      [
        JSON.stringify(
          looks.map(({ figures, counters, exact }) => ({
            id: figures.productId,
            counters,
            lastActivity: figures.lastActivity,
            exactAt: exact === undefined ? null : figures.checkedAt,
            records: exact?.records ?? null,
            bytes: exact?.sizeBytes ?? null,
            seenAt: figures.checkedAt,
          })),
        ),
      ],
    );
  }
}
