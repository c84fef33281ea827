import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** A common template: one version of it is active, and that is the one that products read. */
@Entity({ schema: 'core', name: 'template_config' })
@Unique('template_config_template_type_version_key', ['templateType', 'version'])
@Index('template_config_active_key', ['templateType'], { unique: true, where: 'is_active' })
export class TemplateConfig {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'Which template it is.', example: 'code-review' })
  @Column({ name: 'template_type', type: 'varchar', length: 50 })
  templateType!: string;

  @Shown({ as: 'text', description: 'Which version of it.', example: '3' })
  @Column({ type: 'varchar', length: 20 })
  version!: string;

  @Shown({ as: 'json', description: 'The template.', example: { prompt: 'Read the diff as a stranger.' } })
  @Column({ name: 'config_data', type: 'jsonb' })
  configData!: Record<string, unknown>;

  @Shown({ as: 'boolean', description: 'Whether products read this version; at most one of its type is.', example: true })
  @Column({ name: 'is_active', type: 'boolean', default: true })
  isActive!: boolean;

  @Shown({ as: 'instant', description: 'When it was made.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
