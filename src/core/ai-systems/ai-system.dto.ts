import { JsonField, TextField } from '../../http/fields.js';
import { PageQuery } from '../../http/paging.js';

export class RegisterAiSystem {
  @TextField({ description: 'Which kind of system it is.', example: 'coding-assistant', max: 50 })
  systemType!: string;

  @TextField({ description: 'Its version; one of a kind.', example: '2.1.0', max: 20 })
  version!: string;

  @JsonField({ description: 'Its configuration.', example: { model: 'small', temperature: 0.2 } })
  config!: Record<string, unknown>;

  @TextField({ description: 'The product that it belongs to.', example: 'coding_rule2', max: 50, optional: true, nullable: true })
  productId?: string | null;
}

export class ChangeAiSystem {
  @TextField({ description: 'Which kind of system it is.', example: 'coding-assistant', max: 50, optional: true })
  systemType?: string;

  @TextField({ description: 'Its version; one of a kind.', example: '2.1.1', max: 20, optional: true })
  version?: string;

  @JsonField({ description: 'Replaces the whole configuration.', example: { model: 'large' }, optional: true })
  config?: Record<string, unknown>;

  @TextField({ description: 'The product that it belongs to; null for none.', example: 'coding_rule2', max: 50, optional: true, nullable: true })
  productId?: string | null;
}

export class ListAiSystems extends PageQuery {
  @TextField({ description: 'Only this kind.', example: 'coding-assistant', max: 50, optional: true })
  systemType?: string;

  @TextField({ description: 'Only those of this product.', example: 'coding_rule2', max: 50, optional: true })
  productId?: string;
}
