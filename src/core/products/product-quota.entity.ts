import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** Limits that an operator has set for a product; they take the place of its manifest's. Null is no limit. */
@Entity({ schema: 'core', name: 'product_quotas' })
@Check('product_quotas_max_bytes_check', 'max_bytes >= 0')
@Check('product_quotas_max_rows_check', 'max_rows >= 0')
export class ProductQuota {
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 31 })
  productId!: string;

  // bigint comes as text: it may be larger than a number holds exactly.
  @Column({ name: 'max_bytes', type: 'bigint', nullable: true })
  maxBytes!: string | null;

  @Column({ name: 'max_rows', type: 'bigint', nullable: true })
  maxRows!: string | null;

  @Column({ name: 'set_at', type: 'timestamptz', default: () => 'now()' })
  setAt!: Date;
}
