import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Shown } from '../http/shown.js';

export const PERMISSIONS = ['read', 'write'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** A key as it is kept: never the key itself. */
@Entity({ schema: 'core', name: 'api_keys' })
@Unique('api_keys_key_hash_key', ['keyHash'])
@Index('api_keys_created_at_idx', ['createdAt', 'id'])
export class ApiKey {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'What people call it.', example: 'ci pipeline' })
  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Shown({ as: 'text', nullable: true, description: 'The one product that it opens; null for an operator key.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 31, nullable: true })
  productId!: string | null;

  // By name: the entity belongs to core, which stands on this module.
  @ManyToOne('Product')
  @JoinColumn({ name: 'product_id', foreignKeyConstraintName: 'api_keys_product_id_fkey' })
  product?: unknown;

  @Shown({ as: 'text', description: 'How the key begins, to tell keys apart.', example: 'ngy_pk_4fT9a' })
  @Column({ type: 'varchar', length: 16 })
  prefix!: string;

  @Column({ name: 'key_hash', type: 'bytea', select: false })
  keyHash!: Buffer;

  @Shown({ as: PERMISSIONS, list: true, description: 'What it may do.', example: ['read', 'write'] })
  @Column({ type: 'text', array: true, default: () => "'{read,write}'" })
  permissions!: Permission[];

  @Shown({ as: 'instant', description: 'When it was made.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Shown({ as: 'instant', nullable: true, description: 'When it stops working; null for never.', example: '2027-01-01T00:00:00.000Z' })
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was revoked; null while it works.', example: null })
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was last used, to within half a minute.', example: null })
  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;
}
