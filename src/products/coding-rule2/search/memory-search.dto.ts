import { IntersectionType } from '@nestjs/swagger';
import { InstantField, TextField } from '../../../http/fields.js';
import { IsAfter } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { Memory } from '../memories/memory.entity.js';
import { SearchAnswer, SearchHit, SearchQuery } from './search.dto.js';

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

export class FoundMemory extends IntersectionType(Memory, SearchHit) {}

export class FoundMemories extends SearchAnswer {
  @Shown({ as: () => FoundMemory, list: true, description: 'The best first; expired ones are never among them.' })
  items!: FoundMemory[];
}
