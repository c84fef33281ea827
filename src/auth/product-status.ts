import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';

export const PRODUCT_STATUSES = ['active', 'suspended', 'archived'] as const;
export type ProductStatus = (typeof PRODUCT_STATUSES)[number];

const FRESH_MS = 2_000;

/** Which products are suspended, known to within two seconds. */
@Injectable()
export class ProductStatuses {
  private statuses: Promise<ReadonlyMap<string, ProductStatus>> | undefined;
  private until = 0;

  constructor(private readonly databases: Databases) {}

  async of(productId: string): Promise<ProductStatus | undefined> {
    return (await this.all()).get(productId);
  }

  /** After a change of one's own: this process sees it at once, the others within two seconds. */
  forget(): void {
    this.until = 0;
  }

  private all(): Promise<ReadonlyMap<string, ProductStatus>> {
    const now = performance.now();
    if (this.statuses === undefined || this.until <= now) {
      this.until = now + FRESH_MS;
      this.statuses = this.read();
      this.statuses.catch(() => this.forget());
    }
    return this.statuses;
  }

  private async read(): Promise<ReadonlyMap<string, ProductStatus>> {
    const rows = await this.databases.control.query<{ id: string; status: ProductStatus }>('SELECT id, status FROM core.products');
    return new Map(rows.map((row) => [row.id, row.status]));
  }
}
