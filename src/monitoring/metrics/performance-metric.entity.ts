import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** One measurement. Partitioned by day; a product sees its own. */
@Entity({ schema: 'monitoring', name: 'performance_metrics' })
@Index('performance_metrics_product_id_metric_type_timestamp_idx', ['productId', 'metricType', 'timestamp'])
@Index('performance_metrics_product_id_timestamp_idx', ['productId', 'timestamp'])
export class PerformanceMetric {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The product that was measured.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Shown({ as: 'text', description: 'What was measured.', example: 'response_time' })
  @Column({ name: 'metric_type', type: 'varchar', length: 50 })
  metricType!: string;

  @Shown({ as: 'number', description: 'The value.', example: 182.5 })
  @Column({ name: 'metric_value', type: 'double precision' })
  metricValue!: number;

  @Shown({ as: 'text', nullable: true, description: 'Its unit.', example: 'ms' })
  @Column({ name: 'metric_unit', type: 'varchar', length: 20, nullable: true })
  metricUnit!: string | null;

  @Shown({ as: 'instant', description: 'When it was measured.', example: '2026-11-24T09:00:00.000Z' })
  @PrimaryColumn({ type: 'timestamptz', default: () => 'now()' })
  timestamp!: Date;

  @Shown({ as: 'json', nullable: true, description: 'What else there is to say.', example: { route: 'search' } })
  @Column({ type: 'jsonb', nullable: true })
  metadata!: Record<string, unknown> | null;
}
