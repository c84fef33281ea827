import { options, type FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';
import { withArticle } from '../words.js';
import { conditionOf } from './migration.js';

export function entityFile(plan: ProductPlan, fields: readonly FieldCode[]): string {
  const { id, table, one, oneWord, title } = plan;
  const choices = fields.filter((field) => field.wordsConstant !== undefined);
  return `import { ${choices.length > 0 ? 'Check, ' : ''}Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Shown } from '../../../http/shown.js';

${choices.map(({ wordsConstant, type, spec }) => `export const ${wordsConstant} = [${spec.words.map((word) => `'${word}'`).join(', ')}] as const;\nexport type ${type} = (typeof ${wordsConstant})[number];\n\n`).join('')}/** What ${title} keeps: ${withArticle(oneWord)}. */
@Entity({ schema: '${id}', name: '${table}' })
${choices.map(({ spec }) => `@Check('${table}_${spec.column}_check', \`${conditionOf(spec)}\`)\n`).join('')}@Index('${table}_created_at_idx', ['createdAt', 'id'])
export class ${one} {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

${fields.map(propertyOf).join('\n')}
  @Shown({ as: 'instant', description: 'When it was recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
`;
}

function propertyOf({ spec, shownAs, description, example, columnType, type }: FieldCode): string {
  const shown = options(`as: ${shownAs}`, spec.optional && 'nullable: true', `description: '${description}'`, `example: ${example}`);
  const column = options(spec.column !== spec.property && `name: '${spec.column}'`, columnType, spec.optional && 'nullable: true');
  return `  @Shown(${shown})
  @Column(${column})
  ${spec.property}!: ${type}${spec.optional ? ' | null' : ''};
`;
}
