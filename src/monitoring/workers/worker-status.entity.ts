import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Shown } from '../../http/shown.js';

/** The last that was heard of a worker. */
@Entity({ schema: 'monitoring', name: 'worker_status' })
@Unique('worker_status_product_id_worker_id_key', ['productId', 'workerId'])
export class WorkerStatus {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The product that it works for.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Shown({ as: 'text', description: 'Its name within the product.', example: 'indexer-1' })
  @Column({ name: 'worker_id', type: 'varchar', length: 50 })
  workerId!: string;

  @Shown({ as: 'text', description: 'What kind of worker it is.', example: 'indexer' })
  @Column({ name: 'worker_type', type: 'varchar', length: 50 })
  workerType!: string;

  @Shown({ as: 'text', description: 'What it says it is doing.', example: 'busy' })
  @Column({ type: 'varchar', length: 20 })
  status!: string;

  @Shown({ as: 'number', nullable: true, description: 'CPU, percent of its allotment.', example: 41.5 })
  @Column({ name: 'cpu_usage', type: 'double precision', nullable: true })
  cpuUsage!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'Memory, percent of its allotment.', example: 63 })
  @Column({ name: 'memory_usage', type: 'double precision', nullable: true })
  memoryUsage!: number | null;

  @Shown({ as: 'integer', description: 'How many tasks it has at hand.', example: 3 })
  @Column({ name: 'task_count', type: 'integer', default: 0 })
  taskCount!: number;

  @Shown({ as: 'instant', description: 'When it was last heard of.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'last_heartbeat', type: 'timestamptz', default: () => 'now()' })
  lastHeartbeat!: Date;

  @Shown({ as: 'integer', description: 'How often it means to report, in seconds.', example: 60 })
  @Column({ name: 'interval_seconds', type: 'integer', default: 60 })
  intervalSeconds!: number;
}
