import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { BackupWatch } from './backup-watch.js';
import { BackupsController } from './backups.controller.js';
import { BackupsService } from './backups.service.js';

/** What serving processes do about backups: ask for one, follow it, tell how old the last one is. They make none. */
@Module({ imports: [AlertsModule, AuthModule, MetricsModule], controllers: [BackupsController], providers: [BackupsService, BackupWatch] })
export class BackupModule {}
