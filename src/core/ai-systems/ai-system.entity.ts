import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** An AI system that the team runs: which kind, which version, how it is configured. */
@Entity({ schema: 'core', name: 'ai_systems' })
@Unique('ai_systems_system_type_version_key', ['systemType', 'version'])
@Index('ai_systems_created_at_idx', ['createdAt', 'id'])
export class AiSystem {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'Which kind of system it is.', example: 'coding-assistant' })
  @Column({ name: 'system_type', type: 'varchar', length: 50 })
  systemType!: string;

  @Shown({ as: 'text', description: 'Its version.', example: '2.1.0' })
  @Column({ type: 'varchar', length: 20 })
  version!: string;

  @Shown({ as: 'json', description: 'Its configuration.', example: { model: 'small', temperature: 0.2 } })
  @Column({ type: 'jsonb' })
  config!: Record<string, unknown>;

  @Shown({ as: 'text', nullable: true, description: 'The product that it belongs to, if any.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50, nullable: true })
  productId!: string | null;

  @Shown({ as: 'instant', description: 'When it was registered.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
