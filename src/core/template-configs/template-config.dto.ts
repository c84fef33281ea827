import { BooleanField, JsonField, TextField } from '../../http/fields.js';
import { PageQuery } from '../../http/paging.js';

export class CreateTemplateConfig {
  @TextField({ description: 'Which template it is.', example: 'code-review', max: 50 })
  templateType!: string;

  @TextField({ description: 'Which version of it; one of a type.', example: '3', max: 20 })
  version!: string;

  @JsonField({ description: 'The template.', example: { prompt: 'Read the diff as a stranger.' } })
  configData!: Record<string, unknown>;

  @BooleanField({ description: 'Whether products read this version from now on; the one they read before steps down.', example: true, default: true })
  isActive!: boolean;
}

export class ListTemplateConfigs extends PageQuery {
  @TextField({ description: 'Only this type.', example: 'code-review', max: 50, optional: true })
  templateType?: string;
}
