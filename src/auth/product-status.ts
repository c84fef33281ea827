import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';

export const PRODUCT_STATUSES = ['active', 'suspended', 'archived'] as const;
export type ProductStatus = (typeof PRODUCT_STATUSES)[number];

const FRESH_MS = 2_000;

interface State {
  readonly status: ProductStatus;
  readonly restored: boolean;
}

/** Which products are suspended or being restored, known to within two seconds. */
@Injectable()
export class ProductStatuses {
  private statuses: Promise<ReadonlyMap<string, State>> | undefined;
  private until = 0;

  constructor(private readonly databases: Databases) {}

  async of(productId: string): Promise<ProductStatus | undefined> {
    return (await this.all()).get(productId)?.status;
  }

  /** Whether its schema is being exchanged for one out of a backup: what is written meanwhile would be lost. */
  async isRestored(productId: string): Promise<boolean> {
    return (await this.all()).get(productId)?.restored ?? false;
  }

  /** After a change of one's own: this process sees it at once, the others within two seconds. */
  forget(): void {
    this.until = 0;
  }

  private all(): Promise<ReadonlyMap<string, State>> {
    const now = performance.now();
    if (this.statuses === undefined || this.until <= now) {
      this.until = now + FRESH_MS;
      this.statuses = this.read();
      this.statuses.catch(() => this.forget());
    }
    return this.statuses;
  }

  private async read(): Promise<ReadonlyMap<string, State>> {
    // A restore that was killed gives its product back when its lease is over.
    const rows = await this.databases.control.query<State & { id: string }>(
      `SELECT p.id, p.status, EXISTS (SELECT FROM monitoring.restores r
                WHERE r.schema_name = p.id AND r.status = 'running' AND r.purpose = 'in_place' AND r.lease_until > now()) AS restored
         FROM core.products p`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}
