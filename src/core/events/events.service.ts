import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { readSlice, type Place, type Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { assertKept } from '../../database/partitions.js';
import { MonitoringEvent } from './monitoring-event.entity.js';

export interface NewEvent {
  eventType: string;
  eventData: Record<string, unknown>;
  timestamp?: Date;
}

/** What happened in a product, written and read through the product's own login: row-level security keeps products apart. */
@Injectable()
export class EventsService {
  constructor(private readonly databases: Databases) {}

  /**
   * Records all, or none, in one statement, and answers the rows in the order given.
   * @throws AppError `validation_failed` for a time outside the days that are kept
   */
  async record(productId: string, events: readonly NewEvent[], pointerOf: (index: number) => string): Promise<MonitoringEvent[]> {
    assertKept(events.map((event) => event.timestamp), pointerOf);
    const now = new Date();
    const rows = events.map((event) => ({ ...event, id: newId(), timestamp: event.timestamp ?? now }));
    await this.databases.product(productId).query(
      `INSERT INTO core.monitoring_events (id, product_id, event_type, event_data, timestamp)
       SELECT e.id, $1, e.event_type, e.event_data, e.at
         FROM unnest($2::uuid[], $3::varchar[], $4::jsonb[], $5::timestamptz[]) AS e (id, event_type, event_data, at)`,
      [
        productId,
        rows.map((row) => row.id),
        rows.map((row) => row.eventType),
        rows.map((row) => JSON.stringify(row.eventData)),
        rows.map((row) => row.timestamp),
      ],
      { prepared: true },
    );
    return rows.map(({ id, eventType, eventData, timestamp }) => ({ id, productId, eventType, eventData, timestamp }));
  }

  async list(
    productId: string,
    filter: { eventType?: string; since?: Date; until?: Date },
    limit: number,
    after: Place | undefined,
  ): Promise<Slice<MonitoringEvent>> {
    return readSlice(await this.databases.product(productId).manager(), {
      entity: MonitoringEvent,
      orderBy: 'row.timestamp',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        // Row-level security says the same; saying it here too lets the planner start from the index.
        query.where('row.productId = :productId', { productId });
        if (filter.eventType !== undefined) query.andWhere('row.eventType = :eventType', { eventType: filter.eventType });
        if (filter.since !== undefined) query.andWhere('row.timestamp >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.timestamp < :until', { until: filter.until });
      },
    });
  }
}
