import { InstantField, OneOfField, TextField } from '../http/fields.js';
import { PageQuery, TimeRangeQuery } from '../http/paging.js';
import { ALERT_STATES, type AlertState } from './alert.entity.js';
import { SEVERITIES, type Severity } from './rules/alert-rule.js';

export class ListAlerts extends TimeRangeQuery {
  @OneOfField({ description: 'Only in this state.', example: 'firing', values: ALERT_STATES, optional: true })
  state?: AlertState;

  @TextField({ description: 'Only of this product.', example: 'coding_rule2', max: 50, optional: true })
  productId?: string;

  @TextField({ description: 'Only of this rule.', example: 'record-count-low', max: 60, optional: true })
  ruleId?: string;

  @OneOfField({ description: 'Only of this severity.', example: 'warning', values: SEVERITIES, optional: true })
  severity?: Severity;
}

export class AcknowledgeAlert {
  @TextField({ description: 'What is being done about it.', example: 'The import is running again.', max: 500, optional: true })
  note?: string;
}

export class CreateSilence {
  @TextField({ description: 'Only alerts of this product; absent or null for all.', example: 'coding_rule2', max: 50, optional: true, nullable: true })
  productId?: string | null;

  @TextField({ description: 'Only alerts of this rule; absent or null for all.', example: 'record-count-low', max: 60, optional: true, nullable: true })
  ruleId?: string | null;

  @TextField({ description: 'Why.', example: 'The import runs until noon.', max: 500, optional: true })
  reason?: string;

  @InstantField({ description: 'From when on; absent for now.', example: '2026-11-24T09:00:00Z', optional: true })
  startsAt?: Date;

  @InstantField({ description: 'Until when.', example: '2036-11-24T12:00:00Z' })
  endsAt!: Date;
}

export class ListSilences extends PageQuery {
  @OneOfField({ description: 'Only those in force now, or also those that are over.', example: 'active', values: ['active', 'all'], default: 'active' })
  which!: 'active' | 'all';
}

