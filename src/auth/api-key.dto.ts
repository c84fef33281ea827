import { InstantField, IntegerField, TextField, TextListField } from '../http/fields.js';
import { PageQuery } from '../http/paging.js';
import { Shown } from '../http/shown.js';
import { ApiKey } from './api-key.entity.js';

export class CreateApiKey {
  @TextField({ description: 'What people call it.', example: 'ci pipeline', max: 100 })
  name!: string;

  @TextField({ description: 'The one product that it opens; absent or null for an operator key.', example: 'coding_rule2', max: 31, optional: true, nullable: true })
  productId?: string | null;

  @TextListField({ description: 'What it may do: read, write or both. Default both.', example: ['read', 'write'], minItems: 1, maxItems: 2, maxLength: 10, optional: true })
  permissions?: string[];

  @InstantField({ description: 'When it stops working; absent or null for never.', example: '2027-01-01T00:00:00Z', optional: true, nullable: true })
  expiresAt?: Date | null;
}

export class RotateApiKey {
  @IntegerField({ description: 'How long the old key works on, seconds; 0 ends it at once. Default a day, at most 30 days.', example: 86_400, min: 0, max: 2_592_000, optional: true })
  overlapSeconds?: number;
}

export class ListApiKeys extends PageQuery {
  @TextField({ description: 'Only the keys of this product.', example: 'coding_rule2', max: 31, optional: true })
  productId?: string;
}

export class CreatedApiKeyAnswer extends ApiKey {
  @Shown({ as: 'text', description: 'The key itself, shown this once.', example: 'ngy_pk_…' })
  key!: string;
}
