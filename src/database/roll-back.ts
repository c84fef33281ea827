import { AppError } from '../errors/app-error.js';
import { withAdmin, type Queryable } from './admin-connection.js';
import { requireAdminUrl, type Cluster } from './cluster.js';
import type { SchemaManifest } from './manifest.js';
import { findExtensionsSchema } from './migrator.js';
import { quoteIdent } from './quote-ident.js';
import { captureStatements, type CapturedStatements } from './migrations/capture-statements.js';
import { readHistories } from './migrations/history.js';
import { knownMigrations } from './migrations/known-migrations.js';
import { rollBackSchema, type SchemaOutcome } from './migrations/migrate-schema.js';
import { MigrationConnection } from './migrations/migration-connection.js';
import { DEFAULT_LOCK_PATIENCE_MS, type RunEvent } from './migrations/run-events.js';
import { RunJournal } from './migrations/run-journal.js';

export interface RollBackOptions {
  /** Also where the step drops or deletes what holds rows. */
  readonly loseData: boolean;
  readonly actor: string;
  readonly release: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Takes back the newest migration of one schema by its `down`. Nothing is lost that nobody agreed to lose: a step that
 * drops a table which holds anything is refused unless `loseData` says so.
 * @throws AppError `conflict` where the newest one is unknown to this release, or would lose data
 */
export async function rollBack(cluster: Cluster, manifest: SchemaManifest, options: RollBackOptions): Promise<SchemaOutcome> {
  const adminUrl = requireAdminUrl(cluster);
  return withAdmin(adminUrl, async (admin) => {
    const newest = (await readHistories(admin, [manifest.id], cluster.roles.owner)).get(manifest.id)?.at(-1);
    if (newest === undefined) return { schema: manifest.id, applied: [] };
    const migration = (await knownMigrations(manifest)).find(({ name }) => name === newest);
    if (migration === undefined) throw new AppError('conflict', `${manifest.id} was migrated by a newer release (${newest}): take it back with that release.`);
    const lost = await whatWouldBeLost(admin, manifest.id, await captureStatements(migration, 'down'));
    if (lost !== undefined && !options.loseData) {
      throw new AppError('conflict', `Taking back ${newest} ${lost}. Back it up first; then --lose-data does it all the same.`);
    }
    const journal = new RunJournal({ kind: 'rollback', actor: options.actor, release: options.release }, cluster.urlOf(cluster.roles.control), 1);
    await journal.begin(admin);
    const connection = new MigrationConnection(adminUrl, { owner: cluster.roles.owner, extensionsSchema: await findExtensionsSchema(admin) }, cluster.engine === 'server');
    const control = {
      signal: options.signal ?? new AbortController().signal,
      lockPatienceMs: DEFAULT_LOCK_PATIENCE_MS,
      onEvent: async (event: RunEvent): Promise<void> => {
        options.onEvent?.(event);
        await journal.note(event);
      },
    };
    const outcome = await rollBackSchema(connection, manifest, control, newest);
    await connection.close();
    await journal.end(outcome.error !== undefined ? 'failed' : outcome.stopped ? 'stopped' : 'done', outcome.error);
    return outcome;
  });
}

const LOSING = /^\s*(?:DROP\s+(?:TABLE|SCHEMA)|TRUNCATE|DELETE\s+FROM|ALTER\s+TABLE\b(?=[\s\S]*\bDROP\s+(?:COLUMN\b|(?!CONSTRAINT\b|DEFAULT\b|NOT\b|EXPRESSION\b|IDENTITY\b)\w)))/i;
const OPAQUE = /^\s*(?:DO|CALL|WITH|EXECUTE|DROP\s+SCHEMA)\b/i;
const NAME = /(?:"[^"]+"|\b[a-z_]\w*)(?:\.(?:"[^"]+"|[a-z_]\w*))?/gi;

/** By size and not by rows: forced row-level security hides rows from their owner too, and counting takes time. */
const FILLED_SQL = `
  SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS name
    FROM unnest($1::text[]) AS wanted(name)
    JOIN pg_class c ON c.oid = to_regclass(wanted.name)
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE EXISTS (SELECT FROM pg_partition_tree(c.oid) t WHERE pg_relation_size(t.relid) > 0)
      OR (c.relkind = 'r' AND pg_relation_size(c.oid) > 0)
   ORDER BY 1`;

/** In words that follow "Taking back …"; undefined where it is certain that no row is lost. */
async function whatWouldBeLost(db: Queryable, schema: string, { statements, unknown }: CapturedStatements): Promise<string | undefined> {
  // Every word of the statement may be a table's name; one without a schema is looked for where the migration is at home.
  const words = statements.filter((sql) => LOSING.test(sql)).flatMap((sql) => [...sql.matchAll(NAME)].map(([word]) => word));
  const names = [...new Set(words)].map((word) => (/^(?:"[^"]+"|[^"]+?)\./.test(word) ? word : `${quoteIdent(schema)}.${word}`));
  const filled = names.length === 0 ? [] : (await db.query<{ name: string }>(FILLED_SQL, [names])).map((row) => row.name);
  if (filled.length > 0) return `would lose what is in ${filled.join(', ')}`;
  if (unknown === null && !statements.some((sql) => OPAQUE.test(sql))) return undefined;
  return `may lose data: what its statements do can't be told beforehand${unknown === null ? '' : ` (${unknown})`}`;
}
