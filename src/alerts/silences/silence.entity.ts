import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** A time in which alerts are kept but not told. */
@Entity({ schema: 'monitoring', name: 'silences' })
@Check('silences_ends_at_check', `ends_at > starts_at`)
@Index('silences_created_at_idx', ['createdAt', 'id'])
@Index('silences_ends_at_idx', ['endsAt'])
export class Silence {
  @Shown({ as: 'uuid', description: 'The silence.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', nullable: true, description: 'Only alerts of this product; null for all.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50, nullable: true })
  productId!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'Only alerts of this rule; null for all.', example: 'record-count-low' })
  @Column({ name: 'rule_id', type: 'varchar', length: 60, nullable: true })
  ruleId!: string | null;

  @Shown({ as: 'text', description: 'Why.', example: 'The import runs until noon.' })
  @Column({ type: 'varchar', length: 500, default: '' })
  reason!: string;

  @Shown({ as: 'text', description: 'Whose it is: the name of a key, or a login of the command line.', example: 'first operator' })
  @Column({ name: 'created_by', type: 'varchar', length: 120, default: '' })
  createdBy!: string;

  @Shown({ as: 'instant', description: 'From when on.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'starts_at', type: 'timestamptz', default: () => 'now()' })
  startsAt!: Date;

  @Shown({ as: 'instant', description: 'Until when.', example: '2026-11-24T12:00:00.000Z' })
  @Column({ name: 'ends_at', type: 'timestamptz' })
  endsAt!: Date;

  @Shown({ as: 'instant', description: 'When it was made.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
