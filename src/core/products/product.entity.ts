import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { PRODUCT_STATUSES, type ProductStatus } from '../../auth/product-status.js';
import { Shown } from '../../http/shown.js';

/** A product as the cluster knows it; what it is made of stands in its manifest. */
@Entity({ schema: 'core', name: 'products' })
@Check('products_status_check', `status IN ('active', 'suspended', 'archived')`)
export class Product {
  @Shown({ as: 'text', description: 'Its id: the name of its schema and of its login role.', example: 'coding_rule2' })
  @PrimaryColumn({ type: 'varchar', length: 31 })
  id!: string;

  @Shown({ as: 'text', description: 'What people call it.', example: 'Coding Rule 2' })
  @Column({ type: 'varchar', length: 100 })
  title!: string;

  @Shown({ as: PRODUCT_STATUSES, description: 'A suspended or archived product answers 403; its data is untouched.', example: 'active' })
  @Column({ type: 'varchar', length: 20, default: 'active' })
  status!: ProductStatus;

  @Shown({ as: 'instant', description: 'When it was registered.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Shown({ as: 'instant', nullable: true, description: 'When it was archived; null where it is not.', example: null })
  @Column({ name: 'archived_at', type: 'timestamptz', nullable: true })
  archivedAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'Until when an archived product can be brought back at least; then it may be dropped.', example: null })
  @Column({ name: 'drop_after', type: 'timestamptz', nullable: true })
  dropAfter!: Date | null;
}
