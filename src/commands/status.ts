import type { Command } from 'commander';
import pc from 'picocolors';
import { withAdmin } from '../database/admin-connection.js';
import { requireAdminUrl, type Cluster } from '../database/cluster.js';
import type { DriftReport } from '../database/drift/compare.js';
import { readLastFailures } from '../database/migrations/last-failures.js';
import type { MigrationState } from '../database/migrations/migration-state.js';
import { commandContext, withCluster } from './context.js';
import { describeState, readDrift } from './drift.js';
import { readStates } from './migrate.js';
import { print, printJson, printTable } from './output.js';

export function defineStatus(status: Command): void {
  status
    .option('--json', 'print JSON')
    .action(runStatus);
}

/** What `nagaya status` says of a schema. */
interface SchemaStatus extends MigrationState {
  /** Why its last migration failed; null where none has since it last succeeded. */
  readonly failed: string | null;
  /** Whether it is what its migrations make; `nagaya doctor --drift` names what is not. */
  readonly drift: DriftReport['state'];
}

async function runStatus({ json }: { json?: true }): Promise<void> {
  const context = commandContext();
  await withCluster(context, async (cluster) => {
    const failures = await readLastFailures(cluster.urlOf(cluster.roles.control));
    const drift = new Map((await readDrift(cluster, context)).map(({ schema, state }) => [schema, state]));
    const states = (await readStates(cluster, context.house)).map((state) => ({
      ...state,
      failed: failures.get(state.schema) ?? null,
      drift: drift.get(state.schema) ?? ('unknown' as const),
    }));
    const server = await readServer(cluster);
    if (json) printJson({ engine: cluster.engine, ...server, schemas: states });
    else printStatus(cluster, server, states);
    if (states.some((state) => !state.ready)) process.exitCode = 1;
  });
}

async function readServer(cluster: Cluster): Promise<{ version: string; pgvector: string | null }> {
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const [row] = await admin.query<{ version: string; pgvector: string | null }>(
      `SELECT current_setting('server_version') AS version, (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector`,
    );
    return row ?? { version: 'unknown', pgvector: null };
  });
}

function printStatus(cluster: Cluster, server: { version: string; pgvector: string | null }, states: readonly SchemaStatus[]): void {
  print(`PostgreSQL ${server.version} (${cluster.engine}), pgvector ${server.pgvector ?? 'not installed'}`);
  print();
  printTable(
    ['schema', 'applied', 'pending', 'ahead', 'newest migration', 'drift', 'state'],
    states.map((state) => [
      state.schema,
      String(state.applied),
      String(state.pending.length),
      String(state.ahead.length),
      state.current ?? '-',
      describeState(state.drift),
      describe(state),
    ]),
  );
}

function describe({ ready, pending, ahead, failed }: SchemaStatus): string {
  if (failed !== null) return pc.red(`failed: ${failed.split('\n')[0]}`);
  if (pending.length > 0) return pc.red('behind: run nagaya migrate');
  if (!ready) return pc.red('ahead: run a newer release');
  return ahead.length > 0 ? pc.yellow('ready, ahead of this release') : pc.green('ready');
}
