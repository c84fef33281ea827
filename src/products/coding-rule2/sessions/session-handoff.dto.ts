import { OmitType } from '@nestjs/swagger';
import { ItemsField, TextField, TextListField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { RecordMemory } from '../memories/memory.dto.js';
import { Memory } from '../memories/memory.entity.js';

export class HandedOnMemory extends OmitType(RecordMemory, ['sessionId'] as const) {}

export class HandOff {
  @TextField({ description: 'Where the session stands.', example: 'The invoice table has its migration; the way back is untested.', max: 100_000 })
  summary!: string;

  @TextListField({ description: 'What the next session has to find out.', example: ['Does the way back keep the numbers?'], maxItems: 100, maxLength: 10_000, optional: true })
  openQuestions?: string[];

  @ItemsField({ description: 'What else to remember.', type: () => HandedOnMemory, min: 0, max: 500, optional: true })
  memories?: HandedOnMemory[];
}

export class HandedOff {
  @Shown({ as: 'text', description: 'The session that handed off.', example: 'session-42' })
  sessionId!: string;

  @Shown({ as: () => Memory, description: 'The summary, a memory of type session_summary with priority 9.' })
  summary!: Memory;

  @Shown({ as: () => Memory, list: true, description: 'The questions, memories of type open_question with priority 8, in the order given.' })
  openQuestions!: Memory[];

  @Shown({ as: () => Memory, list: true, description: 'The other memories, in the order given.' })
  memories!: Memory[];
}
