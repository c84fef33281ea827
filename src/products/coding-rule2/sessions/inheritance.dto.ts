import { BooleanField, IntegerField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { Memory } from '../memories/memory.entity.js';
import { InheritanceBundle } from './inheritance.entity.js';

export class Inherit {
  @TextField({ description: 'The session to inherit from; what that one inherited itself comes with it.', example: 'session-41', max: 100 })
  fromSessionId!: string;

  @IntegerField({ description: 'How many tokens may be taken over.', example: 4_000, min: 0, max: 10_000_000, default: 4_000 })
  budgetTokens!: number;

  @TextField({ description: 'What the session is about to do: memories that speak of it come first.', example: 'Add a migration for the invoice table', max: 10_000, optional: true })
  task?: string;

  @BooleanField({ description: 'Leave out what says nearly the same as a memory that was taken.', example: false, default: false })
  leaveOutNearDuplicates!: boolean;
}

export class InheritedMemory {
  @Shown({ as: () => Memory, nullable: true, description: 'The memory; null where it is gone since.' })
  memory!: Memory | null;

  @Shown({ as: 'uuid', description: 'Its id, also when it is gone.' })
  memoryId!: string;

  @Shown({ as: 'integer', description: '1: a memory of the session that was inherited from; 2: of one that that one inherits from, and so on.', example: 1 })
  generation!: number;

  @Shown({ as: 'number', nullable: true, description: 'How much of the task it speaks of, 0 to 1; null without a task.', example: 0.62 })
  relevance!: number | null;

  @Shown({ as: 'integer', description: 'Its estimated tokens: UTF-8 bytes of its content as JSON, divided by 4, rounded up.', example: 12 })
  tokens!: number;

  @Shown({ as: 'boolean', description: 'Whether it was taken over.', example: true })
  included!: boolean;

  @Shown({ as: 'text', description: 'Why.', example: 'priority 8; 12 tokens fit in the 4,000 that were left' })
  reason!: string;
}

export class InheritedBundle extends InheritanceBundle {
  @Shown({ as: () => InheritedMemory, list: true, description: 'Highest retention priority first, then newest; with a task, what is worth most to it first.' })
  items!: InheritedMemory[];
}
