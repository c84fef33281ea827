import { Module, type DynamicModule } from '@nestjs/common';
import { AlertsModule } from './alerts/alerts.module.js';
import { AuthModule } from './auth/auth.module.js';
import type { BackupHouse } from './backup/backup-house.js';
import { BackupModule } from './backup/backup.module.js';
import { CoreModule } from './core/core.module.js';
import type { Cluster } from './database/cluster.js';
import { DatabaseModule } from './database/database.module.js';
import type { Databases } from './database/databases.js';
import type { House } from './database/migrator.js';
import { DriftModule } from './drift/drift.module.js';
import { EmbeddingsModule } from './embeddings/embeddings.module.js';
import { HealthModule } from './health/health.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { IsolationModule } from './isolation/isolation.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { TransferModule } from './transfer/transfer.module.js';
import { WorkerModule } from './worker.module.js';

/** The whole service: what is shared, and the module of each product that this process serves. */
@Module({})
export class AppModule {
  /** @param backups what backups are made with, in a process that makes them beside serving: on the embedded engine */
  static forHouse(house: House, cluster: Cluster, databases: Databases, backups?: BackupHouse): DynamicModule {
    const products = house.products.filter((product) => databases.serves(product.id)).map(async (product) => ({ module: await product.module() }));
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(databases, house, cluster),
        AuthModule,
        IdempotencyModule,
        JobsModule,
        MetricsModule,
        EmbeddingsModule,
        AlertsModule,
        CoreModule,
        MonitoringModule,
        HealthModule,
        DriftModule,
        RetentionModule,
        TransferModule,
        IsolationModule,
        BackupModule,
        ...products,
        ...(backups === undefined ? [] : [WorkerModule.inside(backups)]),
      ],
    };
  }
}
