import { Alert } from '../alerts/alert.entity.js';
import { AlertNotification } from '../alerts/notifications/alert-notification.entity.js';
import { RuleEvaluation } from '../alerts/rules/rule-evaluation.entity.js';
import { RuleSetting } from '../alerts/rules/rule-setting.entity.js';
import { Silence } from '../alerts/silences/silence.entity.js';
import type { SharedManifest } from '../database/manifest.js';
import { migrationsFolder } from '../database/migrations/load-migrations.js';
import { Backup } from './backups/backup.entity.js';
import { Restore } from './backups/restore.entity.js';
import { PerformanceMetric } from './metrics/performance-metric.entity.js';
import { MetricLateHour, MetricRolledHour, MetricRollup } from './rollups/rollup.entities.js';
import { SchemaActivity } from './schema-health/schema-activity.entity.js';
import { SchemaDrift } from './schema-drift/schema-drift.entity.js';
import { SchemaHealthRow } from './schema-health/schema-health.entity.js';
import { Sentinel } from './sentinels/sentinel.entity.js';
import { WorkerStatus } from './workers/worker-status.entity.js';

export const MONITORING: SharedManifest = {
  kind: 'shared',
  id: 'monitoring',
  title: 'Metrics, workers, health and alerts',
  tags: [
    { name: 'Metrics', description: 'What a product measures.' },
    { name: 'Workers', description: 'Who works for a product.' },
    { name: 'Health', description: 'How the schemas are.' },
    { name: 'Backups', description: 'For operators: what is backed up, and how far one is.' },
    { name: 'Alerts', description: 'For operators: what is wrong, since when, and whom it is told.' },
  ],
  entities: [
    Alert, AlertNotification, Backup, MetricLateHour, MetricRolledHour, MetricRollup, PerformanceMetric, Restore, RuleEvaluation, RuleSetting,
    SchemaActivity, SchemaDrift, SchemaHealthRow, Sentinel, Silence, WorkerStatus,
  ],
  migrations: migrationsFolder('monitoring'),
  tables: [
    { name: 'performance_metrics', rows: 'own', productMay: ['SELECT', 'INSERT'] },
    { name: 'metric_rollups', rows: 'own', productMay: ['SELECT'] },
    // Which hours there are is no product's secret.
    { name: 'metric_rolled_hours', rows: { visible: 'true' }, productMay: ['SELECT'] },
    { name: 'metric_late_hours', rows: 'own', productMay: ['SELECT', 'INSERT'] },
    { name: 'backups', rows: 'none' },
    { name: 'restores', rows: 'none' },
    {
      name: 'worker_status',
      rows: 'own',
      productMay: ['SELECT', 'INSERT'],
      productUpdates: ['worker_type', 'status', 'cpu_usage', 'memory_usage', 'task_count', 'interval_seconds', 'last_heartbeat'],
    },
    { name: 'schema_health', rows: 'own', productMay: ['SELECT'] },
    { name: 'schema_activity', rows: 'none' },
    { name: 'schema_drift', rows: 'none' },
    { name: 'sentinels', rows: 'own', productMay: ['SELECT', 'INSERT'], productUpdates: ['kept_at'] },
    { name: 'alerts', rows: 'own', productMay: ['SELECT'] },
    { name: 'alert_evaluations', rows: 'none' },
    { name: 'alert_rule_settings', rows: 'none' },
    { name: 'alert_notifications', rows: 'none' },
    { name: 'silences', rows: 'none' },
  ],
  controlFunctions: [
    { signature: 'make_metric_partitions(days_behind integer, days_ahead integer)' },
    { signature: 'drop_metric_partitions(days_kept integer)' },
  ],
};
