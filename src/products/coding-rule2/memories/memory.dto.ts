import { InstantField, IntegerField, JsonField, TextField } from '../../../http/fields.js';
import { TimeRangeQuery } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { Memory } from './memory.entity.js';

export class RecordMemory {
  @TextField({ description: 'The session that remembers.', example: 'session-42', max: 100 })
  sessionId!: string;

  @TextField({ description: 'What kind of memory it is.', example: 'decision', max: 50 })
  memoryType!: string;

  @JsonField({ description: 'What is remembered.', example: { text: 'Migrations are written by hand.' } })
  memoryContent!: Record<string, unknown>;

  @IntegerField({ description: 'How much it is worth keeping, 1 to 10; 10 is kept longest.', example: 8, min: 1, max: 10, default: 5 })
  retentionPriority!: number;

  @InstantField({ description: 'When it is forgotten; absent or null for never.', example: '2027-01-01T00:00:00Z', optional: true, nullable: true })
  expiresAt?: Date | null;
}

export class ListMemories extends TimeRangeQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @TextField({ description: 'Only this kind.', example: 'decision', max: 50, optional: true })
  memoryType?: string;
}

export class Inherit {
  @TextField({ description: 'The session to inherit from.', example: 'session-41', max: 100 })
  fromSessionId!: string;

  @IntegerField({ description: 'How many tokens may be taken over.', example: 4_000, min: 0, max: 10_000_000, default: 4_000 })
  budgetTokens!: number;
}

export class InheritedMemory {
  @Shown({ as: () => Memory, description: 'The memory.' })
  memory!: Memory;

  @Shown({ as: 'integer', description: 'Its estimated tokens: UTF-8 bytes of its content as JSON, divided by 4, rounded up.', example: 12 })
  tokens!: number;

  @Shown({ as: 'boolean', description: 'Whether it was taken over.', example: true })
  included!: boolean;

  @Shown({ as: 'text', description: 'Why.', example: 'priority 8; 12 tokens fit in the 4,000 that were left' })
  reason!: string;
}

export class InheritedBundle {
  @Shown({ as: 'uuid', description: 'The bundle.' })
  id!: string;

  @Shown({ as: 'text', description: 'The session that inherits.', example: 'session-42' })
  sessionId!: string;

  @Shown({ as: 'text', description: 'The session that it inherits from.', example: 'session-41' })
  fromSessionId!: string;

  @Shown({ as: 'integer', description: 'How many tokens could be taken over.', example: 4_000 })
  budgetTokens!: number;

  @Shown({ as: 'integer', description: 'How many were.', example: 1_210 })
  usedTokens!: number;

  @Shown({ as: 'instant', description: 'When.', example: '2026-11-24T09:00:00.000Z' })
  createdAt!: Date;

  @Shown({ as: () => InheritedMemory, list: true, description: 'Highest retention priority first, then newest.' })
  items!: InheritedMemory[];
}
