import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { SchemaReadiness } from '../database/migrations/schema-readiness.js';
import { newId } from '../database/new-id.js';
import { Metrics } from '../metrics/metrics.js';
import { plainBatch, tooOldBefore, type DeleteBatch } from './old-rows.js';
import { readRowAges, type KeptFor } from './row-ages.js';

/** Rows in one transaction: it holds its locks for some milliseconds. */
const BATCH = 500;
/** Batches of one table in one turn: a table that was never tidied does not keep the others from theirs. */
const BATCHES_A_TURN = 100;
/** Between two batches whoever serves has the product's pool and the disk for himself. */
const PAUSE_MS = 20;
const EVENT_TYPE = 'old_rows_deleted';

export interface Tidied {
  readonly productId: string;
  readonly table: string;
  readonly rows: number;
}

/** Deletes rows that are older than they are kept, as the product that they belong to. */
@Injectable()
export class RowRetention {
  private readonly logger = new Logger(RowRetention.name);
  /** By `product.table`: how a product deletes rows that more depends on than the table itself. */
  private readonly handedOver = new Map<string, DeleteBatch>();
  private readonly deleted: Counter;

  constructor(
    private readonly databases: Databases,
    private readonly readiness: SchemaReadiness,
    @Inject(HOUSE) private readonly house: House,
    metrics: Metrics,
  ) {
    this.deleted = new Counter({
      name: 'nagaya_retention_deleted_rows_total',
      help: 'Rows that this process has deleted because they were older than they are kept.',
      labelNames: ['product', 'table'],
      registers: [metrics.registry],
    });
  }

  /** Called by a product's module when it starts, for a table of which an index of its own has to follow. */
  deleteBy(productId: string, table: string, deleteBatch: DeleteBatch): void {
    this.handedOver.set(`${productId}.${table}`, deleteBatch);
  }

  /**
   * One turn: of each table at most so many rows. Safe to repeat and to stop anywhere. Only of products in service: who is suspended or
   * archived finds everything as it was.
   * @throws Error naming the tables that could not be tidied, after all others were
   */
  async tidy(signal: AbortSignal = new AbortController().signal): Promise<Tidied[]> {
    const served = this.house.products.filter(({ id, retention }) => retention !== undefined && this.databases.serves(id));
    const ages = await readRowAges(this.databases.control, served);
    const active = await this.inService();
    const tidied: Tidied[] = [];
    const failed: string[] = [];
    for (const product of served.filter(({ id }) => active.has(id))) {
      for (const rule of ages.get(product.id) ?? []) {
        if (signal.aborted) return tidied;
        if (rule.days === null) continue;
        try {
          // Behind or ahead of this release its tables may be others than the manifest says.
          if (!(await this.readiness.isProductReady(product.id))) break;
          const rows = await this.tidyTable(product.id, rule, rule.days, signal);
          if (rows > 0) tidied.push({ productId: product.id, table: rule.table, rows });
        } catch (error) {
          failed.push(`${product.id}.${rule.table}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
    if (failed.length > 0) throw new Error(`Old rows could not be deleted of ${failed.join('; ')}`);
    return tidied;
  }

  private async tidyTable(productId: string, { table, column }: KeptFor, days: number, signal: AbortSignal): Promise<number> {
    const own = this.databases.product(productId);
    const before = await tooOldBefore(own, days);
    const deleteBatch = this.handedOver.get(`${productId}.${table}`) ?? plainBatch(own, { schema: productId, table, column });
    let deleted = 0;
    try {
      for (let batch = 0; batch < BATCHES_A_TURN && !signal.aborted; batch++) {
        const rows = await deleteBatch(before, BATCH);
        deleted += rows;
        if (rows < BATCH) break;
        await sleep(PAUSE_MS);
      }
    } finally {
      if (deleted > 0) await this.tell(productId, table, days, before, deleted);
    }
    return deleted;
  }

  private async tell(productId: string, table: string, days: number, before: Date, rows: number): Promise<void> {
    this.deleted.inc({ product: productId, table }, rows);
    this.logger.log(`${rows} rows of ${productId}.${table} that were older than ${days} days are deleted.`);
    await this.databases.product(productId).query('INSERT INTO core.monitoring_events (id, product_id, event_type, event_data) VALUES ($1, $2, $3, $4)', [
      newId(),
      productId,
      EVENT_TYPE,
      JSON.stringify({ table, rows, days, before: before.toISOString() }),
    ]);
  }

  private async inService(): Promise<ReadonlySet<string>> {
    const rows = await this.databases.control.query<{ id: string }>(`SELECT id FROM core.products WHERE status = 'active'`);
    return new Set(rows.map(({ id }) => id));
  }
}
