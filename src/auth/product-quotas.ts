import { Inject, Injectable } from '@nestjs/common';
import { HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { ProductLimits } from '../database/manifest.js';
import type { House } from '../database/migrator.js';
import { AppError } from '../errors/app-error.js';

/** From this share of a limit on people are warned. */
export const WARNING_SHARE = 0.8;
/** How old a figure may be: what is written in between goes in. */
const FRESH_MS = 2_000;

export type QuotaState = 'ok' | 'warning' | 'exceeded';

export interface QuotaUsage {
  readonly maxBytes: number | null;
  readonly maxRows: number | null;
  /** Tables with their indexes; an estimate of the rows that PostgreSQL counts as it writes, seconds old at most. */
  readonly bytes: number;
  readonly rows: number;
  readonly state: QuotaState;
}

/** By number and not by name: the control login may not look into a product's schema. The history of migrations is not the product's. */
const USAGE_SQL = `
  SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 AS bytes,
         coalesce(sum(CASE WHEN pg_stat_get_tuples_inserted(c.oid) > 0 THEN pg_stat_get_live_tuples(c.oid) ELSE greatest(c.reltuples, 0) END), 0)::float8 AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'm') AND c.relname <> 'migrations'`;

/** What each product may hold: what an operator has set, else what its manifest says, else as much as it likes. */
@Injectable()
export class ProductQuotas {
  private limits: Promise<ReadonlyMap<string, ProductLimits>> | undefined;
  private limitsUntil = 0;
  private readonly usages = new Map<string, { at: number; usage: QuotaUsage; refreshing: boolean }>();

  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  /** @throws AppError `quota_exceeded` where the product holds as much as it may */
  async assertRoom(productId: string): Promise<void> {
    const limits = await this.limitsOf(productId);
    if (limits.maxBytes == null && limits.maxRows == null) return;
    const usage = await this.recentUsage(productId);
    if (usage.state !== 'exceeded') return;
    const full = usage.maxBytes !== null && usage.bytes >= usage.maxBytes ? `${usage.maxBytes} bytes` : `${usage.maxRows} rows`;
    throw new AppError('quota_exceeded', `This product holds as much as it may: ${full}. Reading and deleting go on; delete what is not needed, or ask an operator for more.`);
  }

  /** Read anew. */
  async usageOf(productId: string): Promise<QuotaUsage> {
    const { maxBytes = null, maxRows = null } = await this.limitsOf(productId);
    const [row] = await this.databases.control.query<{ bytes: number; rows: number }>(USAGE_SQL, [productId]);
    const { bytes, rows } = row ?? { bytes: 0, rows: 0 };
    const share = Math.max(shareOf(bytes, maxBytes), shareOf(rows, maxRows));
    return { maxBytes, maxRows, bytes, rows, state: share >= 1 ? 'exceeded' : share >= WARNING_SHARE ? 'warning' : 'ok' };
  }

  /** After a change of one's own; other processes see it within seconds. */
  forget(productId: string): void {
    this.limitsUntil = 0;
    this.usages.delete(productId);
  }

  /** The first asks; after that nobody waits: a size that waits behind somebody's lock holds up no write. */
  private async recentUsage(productId: string): Promise<QuotaUsage> {
    const known = this.usages.get(productId);
    if (known === undefined) return this.look(productId);
    if (performance.now() - known.at > FRESH_MS && !known.refreshing) {
      known.refreshing = true;
      this.look(productId).catch(() => (known.refreshing = false));
    }
    return known.usage;
  }

  private async look(productId: string): Promise<QuotaUsage> {
    const usage = await this.usageOf(productId);
    this.usages.set(productId, { at: performance.now(), usage, refreshing: false });
    return usage;
  }

  private async limitsOf(productId: string): Promise<ProductLimits> {
    const now = performance.now();
    if (this.limits === undefined || this.limitsUntil <= now) {
      this.limitsUntil = now + FRESH_MS;
      this.limits = this.readLimits();
      this.limits.catch(() => (this.limitsUntil = 0));
    }
    return (await this.limits).get(productId) ?? this.house.products.find((product) => product.id === productId)?.quota ?? {};
  }

  private async readLimits(): Promise<ReadonlyMap<string, ProductLimits>> {
    const rows = await this.databases.control.query<{ id: string; maxBytes: number | null; maxRows: number | null }>(
      'SELECT product_id AS id, max_bytes::float8 AS "maxBytes", max_rows::float8 AS "maxRows" FROM core.product_quotas',
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}

function shareOf(used: number, limit: number | null): number {
  return limit === null ? 0 : limit === 0 ? 1 : used / limit;
}
