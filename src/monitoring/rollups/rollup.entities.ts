import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** An hour of one metric of one product. Its percentiles are exact; the sketch is for merging it with others. */
@Entity({ schema: 'monitoring', name: 'metric_rollups' })
@Index('metric_rollups_hour_idx', ['hour'])
export class MetricRollup {
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @PrimaryColumn({ type: 'timestamptz' })
  hour!: Date;

  @PrimaryColumn({ name: 'metric_type', type: 'varchar', length: 50 })
  metricType!: string;

  @Column({ type: 'bigint' })
  count!: string;

  @Column({ type: 'double precision' })
  sum!: number;

  @Column({ type: 'double precision' })
  min!: number;

  @Column({ type: 'double precision' })
  max!: number;

  @Column({ type: 'double precision' })
  p50!: number;

  @Column({ type: 'double precision' })
  p95!: number;

  @Column({ type: 'double precision' })
  p99!: number;

  @Column({ name: 'sketch_keys', type: 'integer', array: true })
  sketchKeys!: number[];

  @Column({ name: 'sketch_counts', type: 'integer', array: true })
  sketchCounts!: number[];
}

/** An hour that has been rolled up for all products; one without a row here is summed up from the measurements. */
@Entity({ schema: 'monitoring', name: 'metric_rolled_hours' })
export class MetricRolledHour {
  @PrimaryColumn({ type: 'timestamptz' })
  hour!: Date;

  @Column({ name: 'rolled_at', type: 'timestamptz', default: () => 'now()' })
  rolledAt!: Date;
}

/** Measurements came in for an hour that was over: its rollup does not hold them yet. */
@Entity({ schema: 'monitoring', name: 'metric_late_hours' })
@Index('metric_late_hours_product_id_hour_idx', ['productId', 'hour'])
@Index('metric_late_hours_hour_idx', ['hour'])
export class MetricLateHour {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Column({ type: 'timestamptz' })
  hour!: Date;
}
