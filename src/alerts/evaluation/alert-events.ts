import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { newId } from '../../database/new-id.js';
import type { Severity } from '../rules/alert-rule.js';

export interface AlertEvent {
  readonly type: 'alert.firing' | 'alert.resolved';
  readonly alertId: string;
  readonly ruleId: string;
  readonly productId: string | null;
  readonly severity: Severity;
  readonly message: string;
  readonly value: number | null;
}

/** Under this name stand the events that are no product's. */
const DEPLOYMENT = 'core';

/** Puts alerts among a product's events, where it reads what else happened to it. Runs in the transaction of the change. */
@Injectable()
export class AlertEvents {
  constructor(private readonly databases: Databases) {}

  async append(at: Date, events: readonly AlertEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.databases.control.query(
      `INSERT INTO core.monitoring_events (id, product_id, event_type, event_data, timestamp)
       SELECT e.id, e.product_id, e.event_type, e.event_data, $1
         FROM unnest($2::uuid[], $3::varchar[], $4::varchar[], $5::jsonb[]) AS e (id, product_id, event_type, event_data)`,
      [
        at,
        events.map(() => newId()),
        events.map((event) => event.productId ?? DEPLOYMENT),
        events.map((event) => event.type),
        events.map(({ type: _, productId: __, ...data }) => JSON.stringify(data)),
      ],
    );
  }
}
