import { Module, type DynamicModule } from '@nestjs/common';
import type { BackupHouse } from './backup/backup-house.js';
import { BackupWorkModule } from './backup/work/backup-work.module.js';
import type { Cluster } from './database/cluster.js';
import { DatabaseModule } from './database/database.module.js';
import type { Databases } from './database/databases.js';
import type { House } from './database/migrator.js';
import { JobsModule } from './jobs/jobs.module.js';

/**
 * Modules of the jobs that need more rights than serving has: the migrator's login, or that of `nagaya_backup`. `nagaya
 * worker` runs them, and on the embedded engine the serving process itself.
 */
const WORK = [JobsModule];

@Module({})
export class WorkerModule {
  /** Without HTTP: what `nagaya worker` starts. */
  static forHouse(house: House, cluster: Cluster, databases: Databases, backups: BackupHouse): DynamicModule {
    return { module: WorkerModule, imports: [DatabaseModule.forRoot(databases, house, cluster), ...WORK, BackupWorkModule.with(backups)] };
  }

  /** As a part of the serving process, which has the database already. */
  static inside(backups: BackupHouse): DynamicModule {
    return { module: WorkerModule, imports: [...WORK, BackupWorkModule.with(backups)] };
  }
}
