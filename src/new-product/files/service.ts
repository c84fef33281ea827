import type { FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';
import { sqlName } from '../sql-names.js';

export function serviceFile(plan: ProductPlan, fields: readonly FieldCode[]): string {
  const { id, table, one, many, oneFile, oneWord, manyWord, variable, pascal, kebab, title } = plan;
  const place = `${sqlName(id)}.${sqlName(table)}`;
  const choices = fields.filter((field) => field.wordsConstant !== undefined);
  const columns = fields.map(({ spec }) => sqlName(spec.column));
  const filters = ['since?: Date', 'until?: Date', ...choices.map(({ spec, type }) => `${spec.property}?: ${type}`)];
  return `import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { AppError, notFound } from '../../../errors/app-error.js';
import { ${pascal}Database } from '../${kebab}.database.js';
import type { Create${one} } from './${oneFile}.dto.js';
import { ${[one, ...choices.map(({ type }) => `type ${type}`)].join(', ')} } from './${oneFile}.entity.js';

const COLUMNS = \`id, ${fields.map(selected).join(', ')}, created_at AS "createdAt"\`;

/** The ${manyWord} of ${title}. */
@Injectable()
export class ${many}Service {
  constructor(private readonly database: ${pascal}Database) {}

  async create(${variable}: Create${one}): Promise<${one}> {
    const [row] = await this.database.query<${one}>(
      \`INSERT INTO ${place} (id, ${columns.join(', ')})
       VALUES ($1, ${columns.map((_, index) => `$${index + 2}`).join(', ')})
       RETURNING \${COLUMNS}\`,
      [
        newId(),
${fields.map(({ spec }) => `        ${variable}.${spec.property}${spec.optional ? ' ?? null' : ''},`).join('\n')}
      ],
    );
    if (row === undefined) throw new AppError('internal', 'The ${oneWord} was not recorded.');
    return row;
  }

  /** @throws AppError \`not_found\` */
  async get(id: string): Promise<${one}> {
    const [row] = await this.database.query<${one}>(\`SELECT \${COLUMNS} FROM ${place} WHERE id = $1\`, [id]);
    if (row === undefined) throw notFound();
    return row;
  }

  async list(filter: { ${filters.join('; ')} }, limit: number, after: Place | undefined): Promise<Slice<${one}>> {
    return readSlice(await this.database.manager(), {
      entity: ${one},
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.since !== undefined) query.andWhere('row.createdAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.createdAt < :until', { until: filter.until });
${choices.map(({ spec }) => `        if (filter.${spec.property} !== undefined) query.andWhere('row.${spec.property} = :${spec.property}', { ${spec.property}: filter.${spec.property} });\n`).join('')}      },
    });
  }

  /** @throws AppError \`not_found\` */
  async remove(id: string): Promise<void> {
    const rows = await this.database.query('DELETE FROM ${place} WHERE id = $1 RETURNING id', [id]);
    if (rows.length === 0) throw notFound();
  }
}
`;
}

function selected({ spec }: FieldCode): string {
  const name = sqlName(spec.column);
  return spec.column === spec.property ? name : `${name} AS "${spec.property}"`;
}
