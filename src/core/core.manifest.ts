import { ApiKey } from '../auth/api-key.entity.js';
import { AuditLogLine } from '../auth/audit-log.entity.js';
import type { SharedManifest } from '../database/manifest.js';
import { migrationsFolder } from '../database/migrations/load-migrations.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { JobRow } from '../jobs/job.entity.js';
import { AiSystem } from './ai-systems/ai-system.entity.js';
import { MonitoringEvent } from './events/monitoring-event.entity.js';
import { MigrationRun, MigrationStep } from './migration-runs/migration-run.entity.js';
import { Product } from './products/product.entity.js';
import { ProductQuota } from './products/product-quota.entity.js';
import { ProductRetention } from './products/product-retention.entity.js';
import { TemplateConfig } from './template-configs/template-config.entity.js';

export const CORE: SharedManifest = {
  kind: 'shared',
  id: 'core',
  title: 'Registry, keys, events and templates',
  tags: [
    { name: 'Events', description: 'What happened in a product.' },
    { name: 'Templates', description: 'What all products share.' },
    { name: 'Export and import', description: 'All that a product has, out and in again.' },
    { name: 'Products', description: 'For operators: the products of the cluster.' },
    { name: 'AI systems', description: 'For operators: the registry.' },
    { name: 'API keys', description: 'For operators: who may come in.' },
  ],
  entities: [AiSystem, ApiKey, AuditLogLine, IdempotencyRecord, JobRow, MigrationRun, MigrationStep, MonitoringEvent, Product, ProductQuota, ProductRetention, TemplateConfig],
  migrations: migrationsFolder('core'),
  tables: [
    { name: 'products', rows: 'none' },
    { name: 'product_quotas', rows: 'none' },
    { name: 'product_retention', rows: 'none' },
    { name: 'api_keys', rows: 'none' },
    { name: 'jobs', rows: 'none' },
    { name: 'ai_systems', rows: 'none' },
    { name: 'migration_runs', rows: 'none' },
    { name: 'migration_steps', rows: 'none' },
    // Append-only: who can serve can't rewrite what was done.
    { name: 'audit_log', rows: 'none', controlMay: ['SELECT', 'INSERT'] },
    { name: 'idempotency_records', rows: 'own', productMay: ['SELECT', 'INSERT'], productUpdates: ['body_hash', 'location', 'response', 'created_at'] },
    { name: 'monitoring_events', rows: 'own', productMay: ['SELECT', 'INSERT'] },
    { name: 'template_config', rows: { visible: 'is_active' }, productMay: ['SELECT'] },
  ],
  controlFunctions: [
    { signature: 'make_event_partitions(days_behind integer, days_ahead integer)' },
    { signature: 'drop_event_partitions(days_kept integer)' },
    { signature: 'open_partitions_to_backup()' },
  ],
};
