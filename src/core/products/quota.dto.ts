import { IntegerField } from '../../http/fields.js';
import { Shown } from '../../http/shown.js';

const LIMIT = { min: 0, max: Number.MAX_SAFE_INTEGER, nullable: true } as const;

export class SetQuota {
  @IntegerField({ ...LIMIT, description: 'How many bytes its tables and their indexes may take; null for as many as they like.', example: 10_000_000_000 })
  maxBytes!: number | null;

  @IntegerField({ ...LIMIT, description: 'How many rows its tables may hold; null for as many as they like.', example: 1_000_000 })
  maxRows!: number | null;
}

export class QuotaReport {
  @Shown({ as: 'integer', nullable: true, description: 'How many bytes it may take; null for as many as it likes.', example: 10_000_000_000 })
  maxBytes!: number | null;

  @Shown({ as: 'integer', nullable: true, description: 'How many rows it may hold; null for as many as it likes.', example: 1_000_000 })
  maxRows!: number | null;

  @Shown({ as: 'integer', description: 'How many bytes it takes.', example: 8_192_000 })
  bytes!: number;

  @Shown({ as: 'integer', description: 'How many rows it holds: an estimate, seconds old.', example: 1_204 })
  rows!: number;

  @Shown({ as: ['ok', 'warning', 'exceeded'], description: 'A warning from four fifths of a limit on; at the limit writes answer 507 quota_exceeded.', example: 'ok' })
  state!: 'ok' | 'warning' | 'exceeded';
}
