import type { QueryRunner } from 'typeorm';
import type { KnownMigration } from './known-migrations.js';
import type { Direction } from './run-events.js';

export interface CapturedStatements {
  /** What the migration sends, in its order, without the margin that it is indented by in the file. */
  readonly statements: readonly string[];
  /** Why there may be more or other statements than these; null where these are all. */
  readonly unknown: string | null;
}

/**
 * Runs a migration against nothing and writes down what it sends. Questions are answered with no rows, so one that
 * decides by what it reads may send something else to a real database; one that uses TypeORM's own table builders sends
 * what only they know. Both are said.
 */
export async function captureStatements(migration: KnownMigration, direction: Direction = 'up'): Promise<CapturedStatements> {
  const statements: string[] = [];
  const doubts = new Set<string>();
  const query = async (sql: string): Promise<unknown[]> => {
    statements.push(withoutMargin(sql));
    if (/^\s*(SELECT|WITH|SHOW)\b/i.test(sql)) doubts.add('It reads before it writes, so what it does may depend on the data.');
    return [];
  };
  const runner = new Proxy({} as QueryRunner, {
    get: (_, key) => {
      if (key === 'query') return query;
      if (key === 'manager' || key === 'connection' || key === 'dataSource') return { query };
      return async (): Promise<undefined> => void doubts.add(`It calls ${String(key)}() of TypeORM's query runner, whose statements are not known beforehand.`);
    },
  });
  try {
    await migration.make()[direction](runner);
  } catch (error) {
    doubts.add(`It could not be read to its end without a database: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { statements, unknown: doubts.size === 0 ? null : [...doubts].join(' ') };
}

function withoutMargin(sql: string): string {
  const lines = sql.replace(/^\s*\n/, '').trimEnd().split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const margin = Math.min(...indents);
  return lines.map((line) => line.slice(margin)).join('\n');
}
