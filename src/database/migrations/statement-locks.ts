export interface StatementLock {
  /** As pg_locks has it, without the word Lock. */
  readonly mode: 'ACCESS SHARE' | 'ROW EXCLUSIVE' | 'SHARE UPDATE EXCLUSIVE' | 'SHARE' | 'SHARE ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE';
  readonly object: string;
  /** What stands still meanwhile, for people. */
  readonly blocks: string;
}

const BLOCKS: Readonly<Record<StatementLock['mode'], string>> = {
  'ACCESS SHARE': 'blocks nobody',
  'ROW EXCLUSIVE': 'blocks no reading and no writing',
  'SHARE UPDATE EXCLUSIVE': 'blocks no reading and no writing, only other DDL and vacuum',
  SHARE: 'blocks writing',
  'SHARE ROW EXCLUSIVE': 'blocks writing',
  'ACCESS EXCLUSIVE': 'blocks reading and writing',
};

const NAME = String.raw`((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)`;
const pattern = (text: string): RegExp => new RegExp(text.replaceAll(' ', String.raw`\s+`).replaceAll('<name>', NAME), 'i');

/** Each kind of statement with the lock it takes on a table that is there already, as PostgreSQL's manual has it. */
const KINDS: readonly (readonly [RegExp, StatementLock['mode']])[] = [
  [pattern('^CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*?\\bON (?:ONLY )?<name>'), 'SHARE UPDATE EXCLUSIVE'],
  [pattern('^CREATE (?:UNIQUE )?INDEX .*?\\bON (?:ONLY )?<name>'), 'SHARE'],
  [pattern('^DROP INDEX CONCURRENTLY (?:IF EXISTS )?<name>'), 'SHARE UPDATE EXCLUSIVE'],
  [pattern('^DROP (?:TABLE|INDEX|VIEW|MATERIALIZED VIEW|SEQUENCE) (?:IF EXISTS )?<name>'), 'ACCESS EXCLUSIVE'],
  [pattern('^TRUNCATE (?:TABLE )?<name>'), 'ACCESS EXCLUSIVE'],
  [pattern('^CREATE (?:CONSTRAINT )?TRIGGER .*?\\bON <name>'), 'SHARE ROW EXCLUSIVE'],
  [pattern('^(?:CREATE|ALTER|DROP) POLICY .*?\\bON <name>'), 'ACCESS EXCLUSIVE'],
  [pattern('^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?<name> (?:VALIDATE CONSTRAINT|ATTACH PARTITION|ALTER (?:COLUMN )?\\S+ SET STATISTICS|DETACH PARTITION .* CONCURRENTLY)'), 'SHARE UPDATE EXCLUSIVE'],
  [pattern('^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?<name> ADD (?:CONSTRAINT \\S+ )?FOREIGN KEY'), 'SHARE ROW EXCLUSIVE'],
  [pattern('^ALTER (?:TABLE|VIEW|SEQUENCE) (?:IF EXISTS )?(?:ONLY )?<name>'), 'ACCESS EXCLUSIVE'],
  [pattern('^LOCK (?:TABLE )?<name> IN SHARE UPDATE EXCLUSIVE'), 'SHARE UPDATE EXCLUSIVE'],
  [pattern('^LOCK (?:TABLE )?<name>'), 'ACCESS EXCLUSIVE'],
  [pattern('^(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO) (?:ONLY )?<name>'), 'ROW EXCLUSIVE'],
  [pattern('^CREATE TABLE .* PARTITION OF <name>'), 'ACCESS EXCLUSIVE'],
];
const REFERENCES = pattern('\\bREFERENCES <name>');
const CREATED = pattern('^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?<name>');

/**
 * The locks that a migration's statements take on tables that others may be using. A table that the same migration
 * makes is nobody else's yet, so locks on it are left out.
 * @returns for each statement, in the same order
 */
export function locksOf(statements: readonly string[]): StatementLock[][] {
  const own = new Set<string>();
  return statements.map((text) => {
    const sql = withoutComments(text);
    const created = CREATED.exec(sql)?.[1];
    if (created !== undefined) own.add(canonical(created));
    const locks = new Map<string, StatementLock['mode']>();
    const kind = KINDS.find(([match]) => match.test(sql));
    const object = kind?.[0].exec(sql)?.[1];
    if (kind !== undefined && object !== undefined) locks.set(canonical(object), kind[1]);
    const referenced = REFERENCES.exec(sql)?.[1];
    if (referenced !== undefined) locks.set(canonical(referenced), 'SHARE ROW EXCLUSIVE');
    return [...locks].filter(([name]) => !own.has(name)).map(([name, mode]) => ({ mode, object: name, blocks: BLOCKS[mode] }));
  });
}

function withoutComments(sql: string): string {
  return sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').replaceAll(/\s+/g, ' ').trim();
}

function canonical(name: string): string {
  return name.replaceAll('"', '');
}
