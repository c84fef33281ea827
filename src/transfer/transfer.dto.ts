import { IntegerField, OneOfField, TextField } from '../http/fields.js';
import { Shown } from '../http/shown.js';

export class ExportQuery {
  @TextField({ description: 'Continue an export that broke off after the line with this `cursor`; the header is not sent again.', example: 'eyJ0YWJsZSI6InRlYXMifQ', max: 20_000, optional: true })
  cursor?: string;
}

export const ON_EXISTING = ['keep', 'replace'] as const;
export type OnExisting = (typeof ON_EXISTING)[number];

export class ImportQuery {
  @OneOfField({ description: 'What to do with a row whose key is there already: keep what is there, or replace it.', example: 'keep', values: ON_EXISTING, default: 'keep' })
  onExisting!: OnExisting;

  @IntegerField({ description: 'Continue an import that was refused or broke off at this line, counted from 1. The whole file is sent all the same.', example: 1, min: 1, max: 1_000_000_000, default: 1 })
  fromLine!: number;
}

export class ImportedTable {
  @Shown({ as: 'text', description: 'The table.', example: 'memory_inheritance' })
  table!: string;

  @Shown({ as: 'integer', description: 'Rows written.', example: 120 })
  inserted!: number;

  @Shown({ as: 'integer', description: 'Rows that were there, and stayed as they were.', example: 0 })
  existing!: number;
}

export class ImportReport {
  @Shown({ as: 'integer', description: 'Lines read.', example: 1_250 })
  lines!: number;

  @Shown({ as: 'integer', description: 'Rows written.', example: 1_240 })
  inserted!: number;

  @Shown({ as: 'integer', description: 'Rows that were there, and stayed as they were.', example: 0 })
  existing!: number;

  @Shown({ as: 'boolean', description: 'Whether the last line of the export was among them; without it the file was cut short.', example: true })
  isWhole!: boolean;

  @Shown({ as: () => ImportedTable, list: true, description: 'By table.' })
  byTable!: ImportedTable[];
}
