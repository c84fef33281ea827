import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AlertsModule } from '../alerts/alerts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { DatabaseProbe } from './probes/database-probe.js';
import { Draining } from './probes/draining.js';
import { ProbesController } from './probes/probes.controller.js';
import { HealthFigures } from './schema/health-figures.js';
import { HealthReader } from './schema/health-reader.js';
import { HealthStore } from './schema/health-store.js';
import { HistoryRules } from './schema/rules/history-rules.js';
import { ProductHealthController, SchemaHealthController } from './schema/schema-health.controller.js';
import { SchemaHealthJob } from './schema/schema-health.job.js';
import { SchemaHealth } from './schema/schema-health.service.js';

/** How the service and its schemas are, for those who watch over them. */
@Module({
  imports: [AlertsModule, JobsModule, MetricsModule, TerminusModule.forRoot({ logger: false })],
  controllers: [ProbesController, ProductHealthController, SchemaHealthController],
  providers: [DatabaseProbe, Draining, HealthFigures, HealthReader, HealthStore, HistoryRules, SchemaHealth, SchemaHealthJob],
  exports: [SchemaHealth],
})
export class HealthModule {}
