import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Shown } from '../../../http/shown.js';

/** What one session took over from another, at one time. */
@Entity({ schema: 'coding_rule2', name: 'inheritance_bundles' })
@Index('inheritance_bundles_session_id_created_at_idx', ['sessionId', 'createdAt'])
@Index('inheritance_bundles_from_session_id_idx', ['fromSessionId'])
export class InheritanceBundle {
  @Shown({ as: 'uuid', description: 'The bundle.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The session that inherits.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @Shown({ as: 'text', description: 'The session that it inherits from.', example: 'session-41' })
  @Column({ name: 'from_session_id', type: 'varchar', length: 100 })
  fromSessionId!: string;

  @Shown({ as: 'integer', description: 'How many tokens could be taken over.', example: 4_000 })
  @Column({ name: 'budget_tokens', type: 'integer' })
  budgetTokens!: number;

  @Shown({ as: 'integer', description: 'How many were.', example: 1_210 })
  @Column({ name: 'used_tokens', type: 'integer' })
  usedTokens!: number;

  @Shown({ as: 'text', nullable: true, description: 'The task that it was chosen for, if one was given.', example: 'Add a migration for the invoice table' })
  @Column({ type: 'text', nullable: true })
  task!: string | null;

  @Shown({ as: 'instant', description: 'When.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}

/** One memory in a bundle: taken or left out, and why. It refers to the memory and outlives it. */
@Entity({ schema: 'coding_rule2', name: 'inheritance_items' })
@Index('inheritance_items_memory_id_idx', ['memoryId'])
@Index('inheritance_items_memory_session_id_idx', ['memorySessionId'])
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

  /** Whose memory it was: when that session is forgotten, its items in the bundles of others are found by it. */
  @Column({ name: 'memory_session_id', type: 'varchar', length: 100, nullable: true })
  memorySessionId!: string | null;

  @Column({ type: 'integer', default: 1 })
  generation!: number;

  @Column({ type: 'double precision', nullable: true })
  relevance!: number | null;

  @Column({ type: 'integer' })
  tokens!: number;

  @Column({ type: 'boolean' })
  included!: boolean;

  @Column({ type: 'text' })
  reason!: string;
}
