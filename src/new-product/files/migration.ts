import type { FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';
import { sqlName } from '../sql-names.js';

export function migrationFile(plan: ProductPlan, fields: readonly FieldCode[]): string {
  const { pascal, timestamp, title, id, table } = plan;
  const place = `${sqlName(id)}.${sqlName(table)}`;
  return `import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first table of ${title}. */
export class Create${pascal}${timestamp} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(\`
      CREATE TABLE ${place} (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
${fields.map((field) => `        ${columnOf(plan, field)},`).join('\n')}
        created_at timestamptz NOT NULL DEFAULT now()
      )\`);
    await runner.query(\`CREATE INDEX ${table}_created_at_idx ON ${place} (created_at, id)\`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(\`DROP TABLE ${place}\`);
  }
}
`;
}

function columnOf({ table }: ProductPlan, { spec, sqlType }: FieldCode): string {
  const column = `${sqlName(spec.column)} ${sqlType}${spec.optional ? '' : ' NOT NULL'}`;
  return spec.kind === 'one_of' ? `${column}\n          CONSTRAINT ${table}_${spec.column}_check CHECK (${conditionOf(spec)})` : column;
}

/** The check of a \`one_of\`, word for word the same in the migration and on the entity. */
export function conditionOf({ column, words }: FieldCode['spec']): string {
  return `${sqlName(column)} IN (${words.map((word) => `'${word}'`).join(', ')})`;
}
