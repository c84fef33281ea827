import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { AlertsJob } from './alerts.job.js';
import { AlertEvaluator } from './evaluation/alert-evaluator.js';
import { AlertEvents } from './evaluation/alert-events.js';
import { AlertRecorder } from './evaluation/alert-recorder.js';
import { AlertRules } from './rules/alert-rules.js';
import { RuleBook } from './rules/rule-book.js';

/** What is wrong, since when, and whom it is told. Other modules hand in the rules. */
@Module({
  imports: [JobsModule],
  providers: [AlertEvaluator, AlertEvents, AlertRecorder, AlertRules, AlertsJob, RuleBook],
  exports: [AlertEvaluator, AlertRules, RuleBook],
})
export class AlertsModule {}
