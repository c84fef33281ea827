import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row of each product, written by the canary as that product; every other one must be refused it. */
@Entity({ schema: 'monitoring', name: 'sentinels' })
export class Sentinel {
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  /** When the canary last found that the product can still write it. */
  @Column({ name: 'kept_at', type: 'timestamptz', default: () => 'now()' })
  keptAt!: Date;
}
