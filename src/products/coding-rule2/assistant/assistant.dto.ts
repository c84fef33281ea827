import { OmitType } from '@nestjs/swagger';
import { IntegerField, TextField, UuidField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { ReportOutcome } from '../checks/check.dto.js';
import { RecordOccurrence } from '../mistake-patterns/mistake-pattern.dto.js';
import { MistakePattern } from '../mistake-patterns/mistake-pattern.entity.js';
import { Inherit } from '../sessions/inheritance.dto.js';
import { HandOff } from '../sessions/session-handoff.dto.js';

export class ReportMistakeOutcome extends ReportOutcome {
  @UuidField({ description: 'The check, by the id that mistake_check gave.' })
  checkId!: string;
}

export class RecordMistake extends RecordOccurrence {
  @TextField({ description: 'The name of the pattern; a new one is made.', example: 'claimed-tests-passed', max: 50 })
  patternType!: string;
}

export class MemoryId {
  @UuidField({ description: 'The memory, by the id that a search or a session start gave.' })
  id!: string;
}

export class SearchMemory {
  @TextField({ description: 'What to look for, in words: a few, or a whole sentence, in any language.', example: 'how migrations are written', max: 10_000 })
  query!: string;

  @IntegerField({ description: 'How many to answer at most.', example: 10, min: 1, max: 50, default: 10 })
  limit!: number;

  @TextField({ description: 'Only this session.', example: 'session-41', max: 100, optional: true })
  sessionId?: string;
}

export class RecalledMemory {
  @Shown({ as: 'uuid', description: 'The memory; memory_get reads all of it.' })
  id!: string;

  @Shown({ as: 'text', description: 'The session that remembers.', example: 'session-41' })
  sessionId!: string;

  @Shown({ as: 'text', description: 'What kind of memory it is.', example: 'decision' })
  memoryType!: string;

  @Shown({ as: 'integer', description: 'How much it is worth keeping, 1 to 10.', example: 8 })
  retentionPriority!: number;

  @Shown({ as: 'text', description: 'How its text begins, in lower case, at most 160 characters.', example: 'migrations are written by hand.' })
  snippet!: string;

  @Shown({ as: 'integer', description: 'Estimated tokens of all of it.', example: 12 })
  tokens!: number;

  @Shown({ as: 'number', description: 'How well it matches; comparable within one answer.', example: 8.3 })
  score!: number;
}

export class RecalledMemories {
  @Shown({ as: () => RecalledMemory, list: true, description: 'The best match first.' })
  items!: RecalledMemory[];

  @Shown({ as: 'text', nullable: true, description: 'Why they were searched by their words alone, where meaning was wanted too; otherwise null.', example: null })
  degraded!: string | null;
}

export class StartSession extends OmitType(Inherit, ['fromSessionId', 'leaveOutNearDuplicates'] as const) {
  @TextField({ description: 'The session that starts.', example: 'session-42', max: 100 })
  sessionId!: string;

  @TextField({ description: 'The session whose work it continues. Absent: that which it has inherited from last, if any.', example: 'session-41', max: 100, optional: true })
  fromSessionId?: string;
}

export class CarriedMemory {
  @Shown({ as: 'uuid', description: 'The memory.' })
  id!: string;

  @Shown({ as: 'text', description: 'What kind of memory it is.', example: 'decision' })
  memoryType!: string;

  @Shown({ as: 'json', description: 'What is remembered.', example: { text: 'Migrations are written by hand.' } })
  memoryContent!: Record<string, unknown>;

  @Shown({ as: 'integer', description: 'Its estimated tokens.', example: 12 })
  tokens!: number;

  @Shown({ as: 'text', description: 'Why it was taken.', example: 'priority 8; 12 tokens fit in the 4,000 that were left' })
  reason!: string;
}

export class StartedSession {
  @Shown({ as: 'text', description: 'The session.', example: 'session-42' })
  sessionId!: string;

  @Shown({ as: 'text', nullable: true, description: 'The session that it inherits from; null where there is none.', example: 'session-41' })
  fromSessionId!: string | null;

  @Shown({ as: 'uuid', nullable: true, description: 'The bundle on record, with what was left out and why.' })
  bundleId!: string | null;

  @Shown({ as: 'integer', description: 'Estimated tokens of the memories below.', example: 1_210 })
  usedTokens!: number;

  @Shown({ as: 'integer', description: 'How many memories were left out.', example: 3 })
  leftOutCount!: number;

  @Shown({ as: () => CarriedMemory, list: true, description: 'What is known, the most valuable first.' })
  memories!: CarriedMemory[];
}

export class HandOffSession extends HandOff {
  @TextField({ description: 'The session that ends.', example: 'session-42', max: 100 })
  sessionId!: string;
}

export class AskForStats {
  @IntegerField({ description: 'How many of the most frequent mistakes to name.', example: 5, min: 0, max: 50, default: 5 })
  topMistakes!: number;
}

export class AssistantStats {
  @Shown({ as: 'integer', description: 'Mistake patterns.', example: 88 })
  mistakePatterns!: number;

  @Shown({ as: 'integer', description: 'How often they have been recorded, all together.', example: 412 })
  mistakeOccurrences!: number;

  @Shown({ as: 'integer', description: 'Conversations.', example: 1_530 })
  conversations!: number;

  @Shown({ as: 'integer', description: 'Memories that have not expired.', example: 240 })
  memories!: number;

  @Shown({ as: 'integer', description: 'Violations.', example: 31 })
  violations!: number;

  @Shown({ as: 'number', description: 'The share of violations that were corrected automatically, 0 to 1.', example: 0.75 })
  autoCorrectionRate!: number;

  @Shown({ as: () => MistakePattern, list: true, description: 'The most frequent mistakes first.' })
  topMistakes!: MistakePattern[];
}
