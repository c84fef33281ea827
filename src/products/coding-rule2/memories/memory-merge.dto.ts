import { BooleanField, NumberField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { MemorySource } from './memory-source.entity.js';
import { Memory } from './memory.entity.js';
import { DEFAULT_MIN_SIMILARITY } from './near-duplicates.js';

export class MergeMemories {
  @TextField({ description: 'The session whose memories are compared with each other.', example: 'session-42', max: 100 })
  sessionId!: string;

  @NumberField({ description: 'How alike two texts must be, by the pairs and triples of characters that they share; 1 is the same.', example: 0.85, min: 0.5, max: 1, default: DEFAULT_MIN_SIMILARITY })
  minSimilarity!: number;

  @BooleanField({ description: 'Only tell what would be merged.', example: false, default: false })
  plan!: boolean;
}

export class MergedSource {
  @Shown({ as: 'uuid', description: 'The memory that was merged away.' })
  id!: string;

  @Shown({ as: 'number', description: 'How like it is to the one that was kept.', example: 0.94 })
  similarity!: number;

  @Shown({ as: 'json', description: 'What it said.', example: { text: 'Migrations are written by hand!' } })
  memoryContent!: Record<string, unknown>;
}

export class MergedMemory {
  @Shown({ as: () => Memory, description: 'The memory that stays: of the highest priority, then the newest.' })
  kept!: Memory;

  @Shown({ as: () => MergedSource, list: true, description: 'Those merged into it.' })
  sources!: MergedSource[];
}

export class MergedMemories {
  @Shown({ as: 'text', description: 'The session.', example: 'session-42' })
  sessionId!: string;

  @Shown({ as: 'integer', description: 'How many of its memories were compared.', example: 120 })
  compared!: number;

  @Shown({ as: 'integer', description: 'How many were merged into others.', example: 3 })
  mergedCount!: number;

  @Shown({ as: 'boolean', description: 'Nothing was changed: this is what would be.', example: false })
  plan!: boolean;

  @Shown({ as: () => MergedMemory, list: true, description: 'Each memory that others were merged into.' })
  merged!: MergedMemory[];
}

export class MemorySources {
  @Shown({ as: () => MemorySource, list: true, description: 'The most alike first.' })
  items!: MemorySource[];
}
