import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How long an operator has said that a table's rows are kept; it takes the place of what the manifest says. Null is for ever. */
@Entity({ schema: 'core', name: 'product_retention' })
@Check('product_retention_days_check', 'days BETWEEN 1 AND 36500')
export class ProductRetention {
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 31 })
  productId!: string;

  @PrimaryColumn({ name: 'table_name', type: 'varchar', length: 63 })
  tableName!: string;

  @Column({ type: 'integer', nullable: true })
  days!: number | null;

  @Column({ name: 'set_at', type: 'timestamptz', default: () => 'now()' })
  setAt!: Date;
}
