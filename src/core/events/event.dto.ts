import { InstantField, ItemsField, JsonField, TextField } from '../../http/fields.js';
import { TimeRangeQuery } from '../../http/paging.js';
import { Shown } from '../../http/shown.js';
import { MonitoringEvent } from './monitoring-event.entity.js';

export class RecordEvent {
  @TextField({ description: 'What kind of thing happened.', example: 'deployment', max: 50 })
  eventType!: string;

  @JsonField({ description: 'What there is to say about it.', example: { version: '2.1.0' } })
  eventData!: Record<string, unknown>;

  @InstantField({ description: 'When it happened, within the days that are kept; absent for now.', example: '2026-11-24T09:00:00Z', optional: true })
  timestamp?: Date;
}

export class RecordEvents {
  @ItemsField({ description: 'All are recorded, or none.', type: () => RecordEvent, min: 1, max: 1_000 })
  items!: RecordEvent[];
}

export class RecordedEvents {
  @Shown({ as: () => MonitoringEvent, list: true, description: 'The rows, in the order in which they were sent.' })
  items!: MonitoringEvent[];
}

export class ListEvents extends TimeRangeQuery {
  @TextField({ description: 'Only this kind.', example: 'deployment', max: 50, optional: true })
  eventType?: string;
}
