import { Injectable } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';
import { HealthStore } from './health-store.js';
import type { SchemaFigures } from './schema-figures.js';

/** The newest check of each schema for Prometheus. All replicas tell the same: it stands in the database. */
@Injectable()
export class HealthFigures {
  constructor(metrics: Metrics, store: HealthStore) {
    const byProduct = (read: (figures: SchemaFigures) => number | null) => (figures: SchemaFigures) => {
      const value = read(figures);
      return value === null ? undefined : { labels: { product: figures.productId }, value };
    };
    metrics.addFigures<SchemaFigures>({
      read: () => store.latest(),
      gauges: [
        {
          name: 'nagaya_schema_size_bytes',
          help: 'What the schema takes on disk, indexes too.',
          labels: ['product'],
          of: byProduct(({ schemaSizeBytes }) => schemaSizeBytes),
        },
        {
          name: 'nagaya_schema_records',
          help: 'Rows in the tables of the schema; exact says whether they were counted or estimated.',
          labels: ['product', 'exact'],
          of: ({ productId, recordCount, recordCountExact }) =>
            recordCount === null ? undefined : { labels: { product: productId, exact: String(recordCountExact) }, value: recordCount },
        },
        {
          name: 'nagaya_schema_tables',
          help: 'Tables of the schema, without partitions and the migration history.',
          labels: ['product'],
          of: byProduct(({ tableCount }) => tableCount),
        },
        {
          name: 'nagaya_schema_last_activity_timestamp_seconds',
          help: 'The last check that saw rows of the schema written.',
          labels: ['product'],
          of: byProduct(({ lastActivity }) => (lastActivity === null ? null : lastActivity.getTime() / 1_000)),
        },
        {
          name: 'nagaya_schema_checked_timestamp_seconds',
          help: 'When the schema was last looked at.',
          labels: ['product'],
          of: byProduct(({ checkedAt }) => checkedAt.getTime() / 1_000),
        },
        {
          name: 'nagaya_schema_dead_rows',
          help: 'Rows of the schema that VACUUM has yet to take away.',
          labels: ['product'],
          of: byProduct(({ deadRows }) => deadRows),
        },
        {
          name: 'nagaya_migrations_pending',
          help: 'Migrations that the release has and the schema lacks.',
          labels: ['product'],
          of: byProduct(({ migrationsPending }) => migrationsPending),
        },
      ],
    });
  }
}
