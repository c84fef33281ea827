import type { SharedManifest } from '../database/manifest.js';
import { migrationsFolder } from '../database/migrations/load-migrations.js';
import { PerformanceMetric } from './metrics/performance-metric.entity.js';
import { WorkerStatus } from './workers/worker-status.entity.js';

export const MONITORING: SharedManifest = {
  kind: 'shared',
  id: 'monitoring',
  title: 'Metrics and workers',
  tags: [
    { name: 'Metrics', description: 'What a product measures.' },
    { name: 'Workers', description: 'Who works for a product.' },
  ],
  entities: [PerformanceMetric, WorkerStatus],
  migrations: migrationsFolder('monitoring'),
  tables: [
    { name: 'performance_metrics', rows: 'own', productMay: ['SELECT', 'INSERT'] },
    { name: 'worker_status', rows: 'own', productMay: ['SELECT', 'INSERT', 'UPDATE'] },
  ],
  controlFunctions: [
    { signature: 'make_metric_partitions(days_behind integer, days_ahead integer)' },
    { signature: 'drop_metric_partitions(days_kept integer)' },
  ],
};
