import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';

export const PRODUCT_STATUSES = ['active', 'suspended', 'archived'] as const;
export type ProductStatus = (typeof PRODUCT_STATUSES)[number];

const FRESH_MS = 2_000;

export interface ProductState {
  readonly status: ProductStatus;
  /** Its schema is being exchanged for one out of a backup: what is written meanwhile would be lost. */
  readonly restored: boolean;
}

type States = ReadonlyMap<string, ProductState>;

/** Which products are suspended or being restored, known to within two seconds. */
@Injectable()
export class ProductStatuses {
  private reading: Promise<States> | undefined;
  /** What that has come to. */
  private states: States | undefined;
  private until = 0;

  constructor(private readonly databases: Databases) {}

  /** At once where it is known. */
  of(productId: string): ProductState | undefined | Promise<ProductState | undefined> {
    const now = performance.now();
    if (this.reading === undefined || this.until <= now) this.reading = this.read(now);
    return this.states === undefined ? this.reading.then((states) => states.get(productId)) : this.states.get(productId);
  }

  /** After a change of one's own: this process sees it at once, the others within two seconds. */
  forget(): void {
    this.until = 0;
  }

  private read(now: number): Promise<States> {
    const reading = this.ask();
    this.until = now + FRESH_MS;
    this.states = undefined;
    reading.then(
      (states) => {
        if (this.reading === reading) this.states = states;
      },
      () => {
        if (this.reading === reading) this.forget();
      },
    );
    return reading;
  }

  private async ask(): Promise<States> {
    // A restore that was killed gives its product back when its lease is over.
    const rows = await this.databases.control.query<ProductState & { id: string }>(
      `SELECT p.id, p.status, EXISTS (SELECT FROM monitoring.restores r
                WHERE r.schema_name = p.id AND r.status = 'running' AND r.purpose = 'in_place' AND r.lease_until > now()) AS restored
         FROM core.products p`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}
