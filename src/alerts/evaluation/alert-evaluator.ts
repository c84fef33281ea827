import { Injectable, Logger } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { DEFAULT_REPEAT_SECONDS } from '../rules/alert-rule.js';
import { AlertRules } from '../rules/alert-rules.js';
import { RuleBook } from '../rules/rule-book.js';
import { AlertRecorder, GAP_SECONDS, type Pass } from './alert-recorder.js';
import { lookAt, type Look } from './look.js';

/** Looks at every rule once and writes down what follows. */
@Injectable()
export class AlertEvaluator {
  private readonly logger = new Logger(AlertEvaluator.name);

  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
    private readonly book: RuleBook,
    private readonly recorder: AlertRecorder,
  ) {}

  /** `signal` aborts between two rules; what was seen so far is then not written. */
  async evaluate(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const now = await this.databaseTime();
    const book = await this.book.open();
    const steady = await this.steadySince();
    const looks: Look[] = [];
    for (const rule of this.rules.all()) {
      signal.throwIfAborted();
      const look = await lookAt(rule, now, { settingsOf: (productId) => book.settingsOf(rule, productId), steadySince: steady.get(rule.id) ?? now });
      if (look.error !== null) this.logger.warn(`The alert rule ${rule.id} could not be evaluated: ${look.error}`);
      looks.push(look);
    }
    const { resting, archived } = await this.outOfService();
    signal.throwIfAborted();
    const repeatSecondsOf = (ruleId: string, productId: string | null): number => {
      const rule = this.rules.get(ruleId);
      return rule === undefined ? DEFAULT_REPEAT_SECONDS : book.settingsOf(rule, productId).repeatSeconds;
    };
    await this.recorder.record({ now, looks, resting, archived, repeatSecondsOf });
  }

  private async databaseTime(): Promise<Date> {
    const [row] = await this.databases.control.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    if (row === undefined) throw new Error('The database did not say what time it is.');
    return row.now;
  }

  private async steadySince(): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.databases.control.query<{ ruleId: string; since: Date }>(
      `SELECT rule_id AS "ruleId", steady_since AS since FROM monitoring.alert_evaluations
        WHERE evaluated_at > clock_timestamp() - make_interval(secs => $1)`,
      [GAP_SECONDS],
    );
    return new Map(rows.map((row) => [row.ruleId, row.since]));
  }

  private async outOfService(): Promise<Pick<Pass, 'resting' | 'archived'>> {
    const rows = await this.databases.control.query<{ id: string; status: string }>(`SELECT id, status FROM core.products WHERE status <> 'active'`);
    return { resting: new Set(rows.map((row) => row.id)), archived: new Set(rows.filter((row) => row.status === 'archived').map((row) => row.id)) };
  }
}
