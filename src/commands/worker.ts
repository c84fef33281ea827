import type { Command } from 'commander';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { requireBackupUrl } from '../backup/backup-house.js';
import { openStore } from '../backup/store/open-store.js';
import { openCluster, requireAdminUrl } from '../database/cluster.js';
import { Databases } from '../database/databases.js';
import { AppError } from '../errors/app-error.js';
import { VERSION } from '../version.js';
import { createLogger, NestLogger } from '../http/logging.js';
import { WorkerModule } from '../worker.module.js';
import { commandContext } from './context.js';
import { print } from './output.js';
import { untilSignalled } from './signals.js';

export function defineWorker(worker: Command): void {
  worker.action(runWorker);
}

/** Works until SIGTERM or SIGINT; a job at work is told to stop and waited for. Any number may run: each job is done by one of them. */
async function runWorker(): Promise<void> {
  const context = commandContext();
  const { configuration, house } = context;
  if (configuration.databaseUrl === undefined) {
    throw new AppError('conflict', 'On the embedded engine the serving process does the work of a worker: give it the settings of the schedule (NAGAYA_BACKUP_…) and start it with "npm start".');
  }
  const logger = createLogger(configuration.logLevel, pino.destination({ fd: 2, sync: false }));
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  requireAdminUrl(cluster);
  const databases = new Databases(cluster, house, house.products.map((product) => product.id), configuration);
  const store = await openStore(configuration.backup);
  requireBackupUrl(cluster);
  const backups = { cluster, house, control: databases.control, settings: configuration.backup, store, version: VERSION };
  const app = await NestFactory.createApplicationContext(WorkerModule.forHouse(house, cluster, databases, backups), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  print('The worker runs; stop it with SIGTERM or Ctrl-C.');
  await untilSignalled();
  await app.close();
  await databases.close();
  await cluster.close();
}
