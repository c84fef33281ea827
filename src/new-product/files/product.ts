import type { ProductLimitsWish, ProductPlan } from '../product-plan.js';
import { grouped } from '../words.js';

export function manifestFile({ constant, id, title, tag, manyWord, one, oneFile, route, pascal, kebab, table, limits }: ProductPlan): string {
  return `import type { ProductManifest } from '../../database/manifest.js';
import { migrationsFolder } from '../../database/migrations/load-migrations.js';
import { ${one} } from './${route}/${oneFile}.entity.js';

export const ${constant}: ProductManifest = {
  kind: 'product',
  id: '${id}',
  title: '${title}',
  tags: [{ name: '${tag}', description: 'The ${manyWord} of ${title}.' }],
  entities: [${one}],
${limitLines(limits, table)}  migrations: migrationsFolder('${id}'),
  module: async () => (await import('./${kebab}.module.js')).${pascal}Module,
};
`;
}

/** Only what was asked for: what a manifest does not say is as every product has it. */
function limitLines({ maxBytes, maxRows, keepDays, alerts }: ProductLimitsWish, table: string): string {
  const quota = [...(maxBytes === undefined ? [] : [`maxBytes: ${grouped(maxBytes)}`]), ...(maxRows === undefined ? [] : [`maxRows: ${grouped(maxRows)}`])];
  return [
    ...(quota.length > 0 ? [`  quota: { ${quota.join(', ')} },\n`] : []),
    ...(keepDays === undefined ? [] : [`  retention: [{ table: '${table}', column: 'created_at', days: ${grouped(keepDays)} }],\n`]),
    ...(alerts.length > 0 ? [`  alerts: { ${alerts.map(({ rule, threshold }) => `'${rule}': { threshold: ${grouped(threshold)} }`).join(', ')} },\n`] : []),
  ].join('');
}

export function moduleFile({ title, pascal, kebab, many, route }: ProductPlan): string {
  return `import { Module } from '@nestjs/common';
import { ${pascal}Database } from './${kebab}.database.js';
import { ${many}Controller } from './${route}/${route}.controller.js';
import { ${many}Service } from './${route}/${route}.service.js';

/** ${title}. */
@Module({
  controllers: [${many}Controller],
  providers: [${pascal}Database, ${many}Service],
})
export class ${pascal}Module {}
`;
}

export function databaseFile({ id, pascal }: ProductPlan): string {
  return `import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Databases } from '../../database/databases.js';
import type { RoleDatabase } from '../../database/role-database.js';

/** This product's own login. Its services reach the database through it and through nothing else. */
@Injectable()
export class ${pascal}Database {
  constructor(private readonly databases: Databases) {}

  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.own.query<Row>(sql, values);
  }

  manager(): Promise<EntityManager> {
    return this.own.manager();
  }

  transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.own.transaction(work);
  }

  private get own(): RoleDatabase {
    return this.databases.product('${id}');
  }
}
`;
}
