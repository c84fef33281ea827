import { Module, type DynamicModule } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import type { BackupHouse } from '../backup-house.js';
import { BACKUP_HOUSE, BackupWork } from './backup-work.js';

/** Makes the backups: in a process that has the backup's login and the migrator's. */
@Module({})
export class BackupWorkModule {
  static with(house: BackupHouse): DynamicModule {
    return { module: BackupWorkModule, imports: [JobsModule], providers: [{ provide: BACKUP_HOUSE, useValue: house }, BackupWork] };
  }
}
