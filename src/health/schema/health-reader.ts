import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import type { Place, Slice } from '../../database/keyset.js';
import type { Queryable } from '../../database/admin-connection.js';
import { notFound } from '../../errors/app-error.js';
import { FIGURE_COLUMNS, type SchemaFigures } from './schema-figures.js';
import { SchemaHealth } from './schema-health.service.js';

interface TimeRange {
  readonly since?: Date;
  readonly until?: Date;
}

/** Reads the checks that are kept: a product's through its own login, which sees no other's. */
@Injectable()
export class HealthReader {
  constructor(
    private readonly databases: Databases,
    private readonly health: SchemaHealth,
  ) {}

  /** The newest check. Who asks before the first sweep gets one made. */
  async latestOf(productId: string): Promise<SchemaFigures> {
    const database = this.databases.product(productId);
    const known = await newest(database, productId);
    if (known !== undefined) return known;
    await this.health.sweep();
    return (await newest(database, productId)) ?? absent();
  }

  /** Newest first. */
  historyOf(productId: string, range: TimeRange, limit: number, after: Place | undefined): Promise<Slice<SchemaFigures>> {
    return history(this.databases.product(productId), productId, range, limit, after);
  }

  /** The same of any schema, for operators; also core and monitoring. */
  historyOfSchema(schema: string, range: TimeRange, limit: number, after: Place | undefined): Promise<Slice<SchemaFigures>> {
    return history(this.databases.control, schema, range, limit, after);
  }

  /** The newest check of each schema, by id. `after` is the last id of the page before. */
  async latest(limit: number, after: string | undefined): Promise<{ items: SchemaFigures[]; next: string | null }> {
    const rows = await this.databases.control.query<SchemaFigures>(
      `SELECT h.* FROM monitoring.schema_activity a
        CROSS JOIN LATERAL (SELECT ${FIGURE_COLUMNS} FROM monitoring.schema_health h WHERE h.product_id = a.product_id ORDER BY checked_at DESC, id DESC LIMIT 1) h
        WHERE $1::varchar IS NULL OR a.product_id > $1::varchar
        ORDER BY a.product_id LIMIT $2`,
      [after ?? null, limit + 1],
    );
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? (items.at(-1)?.productId ?? null) : null };
  }
}

async function newest(db: Queryable, schema: string): Promise<SchemaFigures | undefined> {
  const [row] = await db.query<SchemaFigures>(
    `SELECT ${FIGURE_COLUMNS} FROM monitoring.schema_health WHERE product_id = $1 ORDER BY checked_at DESC, id DESC LIMIT 1`,
    [schema],
  );
  return row;
}

async function history(db: Queryable, schema: string, { since, until }: TimeRange, limit: number, after: Place | undefined): Promise<Slice<SchemaFigures>> {
  const rows = await db.query<SchemaFigures & { id: string; key: string }>(
    `SELECT id, checked_at::text AS key, ${FIGURE_COLUMNS} FROM monitoring.schema_health
      WHERE product_id = $1
        AND ($2::timestamptz IS NULL OR checked_at >= $2) AND ($3::timestamptz IS NULL OR checked_at < $3)
        AND ($4::timestamptz IS NULL OR (checked_at, id) < ($4::timestamptz, $5::uuid))
      ORDER BY checked_at DESC, id DESC LIMIT $6`,
    [schema, since ?? null, until ?? null, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(({ id: _, key: __, ...figures }) => figures), next: rows.length > limit && last ? [last.key, last.id] : null };
}

function absent(): never {
  throw notFound();
}
