import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { readSlice, type Place, type Slice } from '../database/keyset.js';
import { AppError, notFound } from '../errors/app-error.js';
import { Alert, type AlertState } from './alert.entity.js';
import type { Severity } from './rules/alert-rule.js';

export interface AlertFilter {
  readonly state?: AlertState;
  readonly productId?: string;
  readonly ruleId?: string;
  readonly severity?: Severity;
  /** By when they began. */
  readonly since?: Date;
  readonly until?: Date;
}

/** The alerts, open and over, for operators. */
@Injectable()
export class AlertsService {
  constructor(private readonly databases: Databases) {}

  /** The one that began last first. */
  async list(filter: AlertFilter, limit: number, after: Place | undefined): Promise<Slice<Alert>> {
    return readSlice(await this.databases.control.manager(), {
      entity: Alert,
      orderBy: 'row.startedAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        const { state, productId, ruleId, severity, since, until } = filter;
        if (state !== undefined) query.andWhere('row.state = :state', { state });
        if (productId !== undefined) query.andWhere('row.productId = :productId', { productId });
        if (ruleId !== undefined) query.andWhere('row.ruleId = :ruleId', { ruleId });
        if (severity !== undefined) query.andWhere('row.severity = :severity', { severity });
        if (since !== undefined) query.andWhere('row.startedAt >= :since', { since });
        if (until !== undefined) query.andWhere('row.startedAt < :until', { until });
      },
    });
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<Alert> {
    const manager = await this.databases.control.manager();
    const alert = await manager.findOneBy(Alert, { id });
    if (alert === null) throw notFound();
    return alert;
  }

  /**
   * It is not repeated from then on; that it is over is told all the same. Who took it on first, has it.
   * @throws AppError `not_found`, or `conflict` where it is over
   */
  async acknowledge(id: string, by: string, note: string): Promise<Alert> {
    await this.databases.control.query(
      `UPDATE monitoring.alerts
          SET acknowledged_at = clock_timestamp(), acknowledged_by = $2, acknowledgement = $3
        WHERE id = $1 AND state <> 'resolved' AND acknowledged_at IS NULL`,
      [id, by.slice(0, 120), note],
    );
    const alert = await this.get(id);
    if (alert.acknowledgedAt === null) throw new AppError('conflict', 'This alert is over; there is nothing left to take on.');
    return alert;
  }
}
