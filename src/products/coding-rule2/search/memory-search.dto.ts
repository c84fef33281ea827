import { InstantField, TextField } from '../../../http/fields.js';
import { IsAfter } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { Memory } from '../memories/memory.entity.js';
import { HIT_FIELDS, SearchQuery, type HitRanks } from './search.dto.js';

export class SearchMemories extends SearchQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @TextField({ description: 'Only this kind.', example: 'decision', max: 50, optional: true })
  memoryType?: string;

  @InstantField({ description: 'Only what was recorded at this time or later.', example: '2026-11-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Only what was recorded before this time.', example: '2026-12-01T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;
}

export class FoundMemory extends Memory {
  @Shown(HIT_FIELDS.score)
  score!: number;

  @Shown(HIT_FIELDS.similarity)
  similarity!: number | null;

  @Shown(HIT_FIELDS.textScore)
  textScore!: number | null;

  @Shown(HIT_FIELDS.ranks)
  ranks!: HitRanks;
}

export class FoundMemories {
  @Shown({ as: () => FoundMemory, list: true, description: 'The best first; expired ones are never among them.' })
  items!: FoundMemory[];

  @Shown({ as: 'boolean', description: 'Rows that a load by SQL has just brought were too many to be searched before they are indexed; ask again in a while.', example: false })
  isIncomplete!: boolean;
}
