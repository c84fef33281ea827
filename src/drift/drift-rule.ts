import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { AlertRule, Observation } from '../alerts/rules/alert-rule.js';
import { AlertRules } from '../alerts/rules/alert-rules.js';
import { HOUSE } from '../database/database.module.js';
import { isDrift } from '../database/drift/compare.js';
import type { House } from '../database/migrator.js';
import { Metrics } from '../metrics/metrics.js';
import { DRIFT_EVERY_S } from './drift.job.js';
import { DriftRecord, type DriftRow } from './drift-record.js';

/** After three looks that did not come, whether a schema drifts is not known. */
const STALE_MS = 3 * DRIFT_EVERY_S * 1_000;

/** Tells of drift: the alert rule, and the gauge beside it. */
@Injectable()
export class DriftRule implements OnModuleInit {
  constructor(
    private readonly rules: AlertRules,
    private readonly metrics: Metrics,
    private readonly record: DriftRecord,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    this.rules.add(this.rule());
    this.metrics.addFigures<DriftRow>({
      read: () => this.record.all(),
      gauges: [
        {
          name: 'nagaya_schema_drift',
          help: 'Whether the schema was changed outside its migrations, or a migration is half there: 1 or 0. Left out where it can not be told.',
          labels: ['schema'],
          of: (row) => (row.state === 'unknown' ? undefined : { labels: { schema: row.schema }, value: isDrift(row.state) ? 1 : 0 }),
        },
      ],
    });
  }

  private rule(): AlertRule {
    return {
      id: 'schema-drift',
      title: 'A schema is not what its migrations make',
      severity: 'warning',
      forSeconds: 0,
      evaluate: async (now) => (await this.record.all()).map((row) => this.observe(row, now)),
    };
  }

  private observe({ schema, state, reason, differences, checkedAt }: DriftRow, now: Date): Observation {
    const isProduct = this.house.products.some(({ id }) => id === schema);
    const whose = isProduct ? { productId: schema } : { productId: null, subject: schema };
    if (now.getTime() - checkedAt.getTime() > STALE_MS) return { ...whose, state: 'no_data', message: `The schema ${schema} was last held against its migrations at ${checkedAt.toISOString()}.` };
    if (!isDrift(state)) return { ...whose, state: 'ok', message: `The schema ${schema} is ${state.replace('_', ' ')}.` };
    return { ...whose, state: 'breached', value: differences, message: `The schema ${schema} has drifted (${state}): ${reason} ${differences} difference${differences === 1 ? '' : 's'}; nagaya doctor --drift names them.` };
  }
}
