import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm';

/** What one session took over from another, at one time. */
@Entity({ schema: 'coding_rule2', name: 'inheritance_bundles' })
@Index('inheritance_bundles_session_id_created_at_idx', ['sessionId', 'createdAt'])
export class InheritanceBundle {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @Column({ name: 'from_session_id', type: 'varchar', length: 100 })
  fromSessionId!: string;

  @Column({ name: 'budget_tokens', type: 'integer' })
  budgetTokens!: number;

  @Column({ name: 'used_tokens', type: 'integer' })
  usedTokens!: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}

/** One memory in a bundle: taken or left out, and why. It refers to the memory and outlives it. */
@Entity({ schema: 'coding_rule2', name: 'inheritance_items' })
export class InheritanceItem {
  @PrimaryColumn({ name: 'bundle_id', type: 'uuid' })
  bundleId!: string;

  @ManyToOne(() => InheritanceBundle, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'bundle_id', foreignKeyConstraintName: 'inheritance_items_bundle_id_fkey' })
  bundle?: Relation<InheritanceBundle>;

  @PrimaryColumn({ type: 'integer' })
  position!: number;

  @Column({ name: 'memory_id', type: 'uuid' })
  memoryId!: string;

  @Column({ type: 'integer' })
  tokens!: number;

  @Column({ type: 'boolean' })
  included!: boolean;

  @Column({ type: 'text' })
  reason!: string;
}
