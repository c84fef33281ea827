import { IntegerField, NumberField, TextField } from '../../http/fields.js';
import { Shown } from '../../http/shown.js';
import { WorkerStatus } from './worker-status.entity.js';

export class Heartbeat {
  @TextField({ description: 'What kind of worker it is.', example: 'indexer', max: 50 })
  workerType!: string;

  @TextField({ description: 'What it is doing.', example: 'busy', max: 20 })
  status!: string;

  @NumberField({ description: 'CPU, percent of its allotment; may pass 100.', example: 41.5, min: 0, optional: true, nullable: true })
  cpuUsage?: number | null;

  @NumberField({ description: 'Memory, percent of its allotment; may pass 100.', example: 63, min: 0, optional: true, nullable: true })
  memoryUsage?: number | null;

  @IntegerField({ description: 'How many tasks it has at hand.', example: 3, min: 0, max: 2_147_483_647, default: 0 })
  taskCount!: number;

  @IntegerField({ description: 'How often it means to report, in seconds; silent for three times as long it counts as dead.', example: 60, min: 1, max: 86_400, default: 60 })
  intervalSeconds!: number;
}

export const WORKER_STATES = ['alive', 'dead'] as const;

export class WorkerState extends WorkerStatus {
  @Shown({ as: WORKER_STATES, description: 'Dead: silent for more than three times its interval.', example: 'alive' })
  state!: (typeof WORKER_STATES)[number];
}
