import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AlertRules } from '../alerts/rules/alert-rules.js';
import type { Observation, RuleContext } from '../alerts/rules/alert-rule.js';
import { HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { Metrics } from '../metrics/metrics.js';

interface LastBackup {
  schema: string;
  /** Unix seconds of the newest good backup that holds it, its own or a full one. */
  backedUp: number | null;
  proven: number | null;
  recoverySeconds: number | null;
  /** Backups are made here at all: one has ended, well or not. While the first is under way, nothing is late. */
  inUse: boolean;
}

const LAST_SQL = `
  SELECT s.schema, (SELECT extract(epoch FROM max(b.data_of))::float8 FROM monitoring.backups b
                     WHERE b.status = 'succeeded' AND coalesce(b.schema_name, s.schema) = s.schema) AS "backedUp",
         p.proven, p.seconds AS "recoverySeconds", EXISTS (SELECT FROM monitoring.backups WHERE status NOT IN ('queued', 'running')) AS "inUse"
    FROM unnest($1::text[]) AS s (schema)
    LEFT JOIN LATERAL (
      SELECT extract(epoch FROM r.finished_at)::float8 AS proven, r.duration_seconds AS seconds FROM monitoring.restores r
       WHERE r.status NOT IN ('running', 'failed') AND r.finished_at IS NOT NULL AND coalesce(r.schema_name, s.schema) = s.schema
       ORDER BY r.finished_at DESC LIMIT 1) p ON true
   ORDER BY 1`;

const DAY_S = 86_400;

/** How old the last good backup and the last proven one of each schema are: figures, and the alerts that they have grown too old. */
@Injectable()
export class BackupWatch implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly rules: AlertRules,
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    const gauge = (name: `nagaya_${string}`, help: string, value: (row: LastBackup) => number | null) => ({
      name,
      help,
      labels: ['schema'],
      of: (row: LastBackup) => {
        const figure = value(row);
        return figure === null ? undefined : { labels: { schema: row.schema }, value: figure };
      },
    });
    this.metrics.addFigures<LastBackup>({
      read: () => this.read(),
      gauges: [
        gauge('nagaya_backup_last_success_timestamp_seconds', 'The moment whose data the newest good backup of each schema holds.', (row) => row.backedUp),
        gauge('nagaya_backup_last_proven_restore_timestamp_seconds', 'When a backup of each schema was last restored and found whole.', (row) => row.proven),
        gauge('nagaya_backup_recovery_seconds', 'How long that restore took.', (row) => row.recoverySeconds),
      ],
    });
    this.rules.add({
      id: 'backup-too-old',
      title: 'Last good backup too old',
      severity: 'critical',
      forSeconds: 0,
      threshold: { unit: 'seconds', default: 2 * DAY_S },
      evaluate: (now, context) => this.observe(now, (row) => row.backedUp, context, 'backed up'),
    });
    this.rules.add({
      id: 'backup-not-proven',
      title: 'Last proven restore too old',
      severity: 'warning',
      forSeconds: 0,
      threshold: { unit: 'seconds', default: 30 * DAY_S },
      evaluate: (now, context) => this.observe(now, (row) => row.proven, context, 'restored on trial'),
    });
  }

  private read(): Promise<LastBackup[]> {
    return this.databases.control.query<LastBackup>(LAST_SQL, [[...this.house.shared, ...this.house.products].map(({ id }) => id)]);
  }

  /** Where nobody has ever asked for a backup, somebody else makes them (physical ones, a cloud's): nothing is said. */
  private async observe(now: Date, at: (row: LastBackup) => number | null, context: RuleContext, what: string): Promise<Observation[]> {
    return (await this.read()).filter((row) => row.inUse).flatMap((row): Observation[] => {
      const last = at(row);
      const age = last === null ? null : now.getTime() / 1_000 - last;
      const productId = this.house.products.some(({ id }) => id === row.schema) ? row.schema : null;
      const limit = context.settingsOf(productId).threshold;
      if (limit === null) return [];
      const allowed = `at most ${(limit / DAY_S).toFixed(1)} days ago`;
      return [
        {
          productId,
          ...(productId === null && { subject: row.schema }),
          state: age !== null && age <= limit ? 'ok' : 'breached',
          ...(age !== null && { value: age }),
          message: age === null ? `${row.schema} was never ${what}; expected ${allowed}.` : `${row.schema} was last ${what} ${(age / DAY_S).toFixed(1)} days ago; expected ${allowed}.`,
        },
      ];
    });
  }
}
