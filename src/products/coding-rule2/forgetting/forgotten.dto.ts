import { BooleanField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';

export class ForgetSession {
  @BooleanField({ description: 'Delete its violations too, instead of only taking the session out of them.', example: false, default: false })
  eraseViolations!: boolean;
}

export const ERASURES = ['deleted', 'unlinked', 'blanked'] as const;

export class ErasedRows {
  @Shown({ as: 'text', description: 'The table.', example: 'memory_inheritance' })
  table!: string;

  @Shown({ as: ERASURES, description: 'What was done: rows deleted; the session and what it said taken out of rows that stay; answers kept for an Idempotency-Key blanked.', example: 'deleted' })
  how!: (typeof ERASURES)[number];

  @Shown({ as: 'integer', description: 'How many rows.', example: 12 })
  rows!: number;
}

export class RemainingRows {
  @Shown({ as: 'text', description: 'The table.', example: 'memory_inheritance' })
  table!: string;

  @Shown({ as: 'text', description: 'The column that was looked in.', example: 'session_id' })
  column!: string;

  @Shown({ as: 'integer', description: 'How many rows still name it: 0.', example: 0 })
  rows!: number;
}

export class Forgotten {
  @Shown({ as: 'integer', description: 'How many rows were deleted, unlinked or blanked in all.', example: 17 })
  erasedCount!: number;

  @Shown({ as: () => ErasedRows, list: true, description: 'By table.' })
  erased!: ErasedRows[];

  @Shown({ as: () => RemainingRows, list: true, description: 'Every place of this product that could name it, counted after erasing, in the same transaction.' })
  remaining!: RemainingRows[];

  @Shown({ as: 'boolean', description: 'Whether all of those counts are 0.', example: true })
  nothingLeft!: boolean;

  @Shown({ as: 'instant', description: 'When.', example: '2026-11-24T09:00:00.000Z' })
  forgottenAt!: Date;
}
