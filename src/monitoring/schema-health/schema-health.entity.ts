import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export const HEALTH_STATUSES = ['ok', 'warning', 'critical', 'unknown'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** One look at one schema. Sizes are bytes, times seconds; what is an estimate says so. */
@Entity({ schema: 'monitoring', name: 'schema_health' })
@Check('schema_health_status_check', `status IN ('ok', 'warning', 'critical', 'unknown')`)
@Index('schema_health_product_id_checked_at_idx', ['productId', 'checkedAt', 'id'])
@Index('schema_health_checked_at_idx', ['checkedAt'])
export class SchemaHealthRow {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** A product, or `core` or `monitoring`. */
  @Column({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Column({ name: 'checked_at', type: 'timestamptz', default: () => 'now()' })
  checkedAt!: Date;

  @Column({ name: 'duration_ms', type: 'double precision', default: 0 })
  durationMs!: number;

  @Column({ type: 'varchar', length: 20 })
  status!: HealthStatus;

  @Column({ name: 'table_count', type: 'integer' })
  tableCount!: number;

  @Column({ name: 'record_count', type: 'bigint', nullable: true })
  recordCount!: string | null;

  @Column({ name: 'record_count_exact', type: 'boolean', default: false })
  recordCountExact!: boolean;

  @Column({ name: 'last_activity', type: 'timestamptz', nullable: true })
  lastActivity!: Date | null;

  @Column({ name: 'schema_size_bytes', type: 'bigint', nullable: true })
  schemaSizeBytes!: string | null;

  @Column({ name: 'schema_size_exact', type: 'boolean', default: false })
  schemaSizeExact!: boolean;

  @Column({ name: 'connections_in_use', type: 'integer', default: 0 })
  connectionsInUse!: number;

  @Column({ name: 'connection_limit', type: 'integer', default: 0 })
  connectionLimit!: number;

  @Column({ name: 'cache_hit_ratio', type: 'double precision', nullable: true })
  cacheHitRatio!: number | null;

  @Column({ name: 'dead_rows', type: 'bigint', default: 0 })
  deadRows!: string;

  @Column({ name: 'migrations_pending', type: 'integer', nullable: true })
  migrationsPending!: number | null;

  @Column({ name: 'longest_transaction_seconds', type: 'double precision', nullable: true })
  longestTransactionSeconds!: number | null;

  @Column({ name: 'growth_bytes_per_day', type: 'double precision', nullable: true })
  growthBytesPerDay!: number | null;

  @Column({ name: 'growth_records_per_day', type: 'double precision', nullable: true })
  growthRecordsPerDay!: number | null;

  @Column({ name: 'days_until_limit', type: 'double precision', nullable: true })
  daysUntilLimit!: number | null;

  @Column({ type: 'jsonb', default: {} })
  indexes!: object;

  /** The first of its hour is kept for longer than the others. */
  @Column({ type: 'boolean', default: false })
  hourly!: boolean;
}
