import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { AlertFigures } from './alert-figures.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsJob } from './alerts.job.js';
import { AlertsService } from './alerts.service.js';
import { AlertEvaluator } from './evaluation/alert-evaluator.js';
import { AlertEvents } from './evaluation/alert-events.js';
import { AlertRecorder } from './evaluation/alert-recorder.js';
import { AlertTellings } from './notifications/alert-tellings.js';
import { NotificationTargets } from './notifications/notification-targets.js';
import { Outbox } from './notifications/outbox.js';
import { AlertRules } from './rules/alert-rules.js';
import { OwnRules } from './rules/own-rules.js';
import { ProductRulesController, RulesController } from './rules/rules.controller.js';
import { RuleBook } from './rules/rule-book.js';
import { RulesService } from './rules/rules.service.js';
import { SilencesController } from './silences/silences.controller.js';
import { SilencesService } from './silences/silences.service.js';

/** What is wrong, since when, and whom it is told. Other modules hand in the rules. */
@Module({
  imports: [JobsModule, MetricsModule],
  controllers: [AlertsController, ProductRulesController, RulesController, SilencesController],
  providers: [
    AlertEvaluator,
    AlertEvents,
    AlertFigures,
    AlertRecorder,
    AlertRules,
    AlertsJob,
    AlertsService,
    AlertTellings,
    NotificationTargets,
    Outbox,
    OwnRules,
    RuleBook,
    RulesService,
    SilencesService,
  ],
  exports: [AlertEvaluator, AlertRules, AlertsService, NotificationTargets, RuleBook, RulesService, SilencesService],
})
export class AlertsModule {}
