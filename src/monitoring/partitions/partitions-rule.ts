import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Observation } from '../../alerts/rules/alert-rule.js';
import { AlertRules } from '../../alerts/rules/alert-rules.js';
import { Databases } from '../../database/databases.js';

/** A week in which somebody can look after the job before a row finds no partition. */
const FEWEST_DAYS = 7;

/** Names end with the day, YYYYMMDD; counted are the days after today that follow on each other without a gap. */
const DAYS_LEFT_SQL = `
  SELECT parent.name, (SELECT count(*)::int FROM generate_series(1, 400) AS ahead
           WHERE ahead < coalesce((SELECT min(missing) FROM generate_series(1, 400) AS missing
                   WHERE to_regclass(parent.name || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + missing, '_YYYYMMDD')) IS NULL), 401)) AS days
    FROM unnest(ARRAY['core.monitoring_events', 'monitoring.performance_metrics']) AS parent (name)`;

/** Tells while there is a week left that days are not made ahead any more. */
@Injectable()
export class PartitionsRule implements OnModuleInit {
  constructor(
    private readonly rules: AlertRules,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    this.rules.add({
      id: 'partitions-running-out',
      title: 'Partitions are running out',
      severity: 'critical',
      forSeconds: 0,
      evaluate: () => this.look(),
    });
  }

  private async look(): Promise<Observation[]> {
    const rows = await this.databases.control.query<{ name: string; days: number }>(DAYS_LEFT_SQL);
    return rows.map(({ name, days }) => ({
      productId: null,
      subject: name,
      state: days < FEWEST_DAYS ? 'breached' : 'ok',
      value: days,
      message: `${name} has partitions for ${days} more day${days === 1 ? '' : 's'}; a job keeps 30 ahead. When they are used up, writes to it are refused: look at the job monitoring.partitions.`,
    }));
  }
}
