import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** Something that happened in a product. Partitioned by day; a product sees its own. */
@Entity({ schema: 'core', name: 'monitoring_events' })
@Index('monitoring_events_product_id_timestamp_idx', ['productId', 'timestamp'])
export class MonitoringEvent {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The product that it happened in.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Shown({ as: 'text', description: 'What kind of thing happened.', example: 'deployment' })
  @Column({ name: 'event_type', type: 'varchar', length: 50 })
  eventType!: string;

  @Shown({ as: 'json', description: 'What there is to say about it.', example: { version: '2.1.0' } })
  @Column({ name: 'event_data', type: 'jsonb' })
  eventData!: Record<string, unknown>;

  @Shown({ as: 'instant', description: 'When it happened.', example: '2026-11-24T09:00:00.000Z' })
  @PrimaryColumn({ type: 'timestamptz', default: () => 'now()' })
  timestamp!: Date;
}
