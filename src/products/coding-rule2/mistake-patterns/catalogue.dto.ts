import { OmitType } from '@nestjs/swagger';
import { ItemsField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { DescribePattern } from './mistake-pattern.dto.js';

export class CataloguedPattern extends OmitType(DescribePattern, ['embedding', 'patternDescription']) {
  @TextField({ description: 'Its name.', example: 'claimed-tests-passed', max: 50 })
  patternType!: string;

  @TextField({ description: 'What goes wrong, in words; empty where nobody has described it yet.', example: 'Says that tests pass without having run them', min: 0, max: 10_000 })
  patternDescription!: string;
}

export class ImportCatalogue {
  @ItemsField({ description: 'All are taken over, or none.', type: () => CataloguedPattern, min: 1, max: 1_000 })
  patterns!: CataloguedPattern[];
}

export class ImportedCatalogue {
  @Shown({ as: 'integer', description: 'Patterns that were not known.', example: 88 })
  created!: number;

  @Shown({ as: 'integer', description: 'Patterns that were known and are described anew; their occurrences stay.', example: 0 })
  updated!: number;
}

export class ExportedPattern {
  @Shown({ as: 'text', description: 'Its name.', example: 'claimed-tests-passed' })
  patternType!: string;

  @Shown({ as: 'text', description: 'What goes wrong, in words.', example: 'Says that tests pass without having run them' })
  patternDescription!: string;

  @Shown({ as: 'json', description: 'Its rules and what else there is to know.', example: { severity: 'high', phrases: ['all tests pass'] } })
  patternData!: Record<string, unknown>;

  @Shown({ as: 'text', list: true, nullable: true, description: 'What to do so that it does not happen again.', example: ['Run the tests and quote the last line'] })
  preventionActions!: string[] | null;
}

export class ExportedCatalogue {
  @Shown({ as: () => ExportedPattern, list: true, description: 'By name; 10,000 at most.' })
  patterns!: ExportedPattern[];
}
