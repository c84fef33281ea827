import pc from 'picocolors';
import { withAdmin } from '../database/admin-connection.js';
import { withoutArchived } from '../database/archived-schemas.js';
import { requireAdminUrl, type Cluster } from '../database/cluster.js';
import { isDrift, type Difference, type DriftReport } from '../database/drift/compare.js';
import { inspectDrift } from '../database/drift/inspect-drift.js';
import { readHistories } from '../database/migrations/history.js';
import { planAccess } from '../database/migrator.js';
import type { CommandContext } from './context.js';
import { print, printTable } from './output.js';

/** How every schema stands to its migrations, at this moment. */
export async function readDrift(cluster: Cluster, { house: whole, configuration }: CommandContext): Promise<DriftReport[]> {
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const house = await withoutArchived(admin, whole);
    const manifests = [...house.shared, ...house.products];
    const histories = await readHistories(admin, manifests.map(({ id }) => id), cluster.roles.owner);
    // Not migrated yet is an empty history, not one that could not be read.
    for (const { id } of manifests) if (!histories.has(id)) histories.set(id, []);
    return inspectDrift(admin, await planAccess(admin, cluster, house, configuration.roleConnectionLimit), manifests, histories);
  });
}

export function printDrift(reports: readonly DriftReport[]): void {
  print();
  printTable(['schema', 'drift', 'differences', 'why'], reports.map(({ schema, state, differences, reason }) => [schema, describeState(state), String(differences.length), reason]));
  for (const { schema, differences } of reports.filter((report) => report.differences.length > 0)) {
    print();
    for (const difference of differences) print(`${schema}: ${describe(difference)}`);
  }
}

export function describeState(state: DriftReport['state']): string {
  const text = state.replace('_', ' ');
  if (isDrift(state)) return pc.red(text);
  return state === 'in_step' ? pc.green(text) : pc.yellow(text);
}

function describe({ object, change, expected, actual }: Difference): string {
  if (change === 'missing') return `${pc.red('missing')}     ${object}  ${pc.dim(expected ?? '')}`;
  if (change === 'unexpected') return `${pc.yellow('unexpected')}  ${object}  ${pc.dim(actual ?? '')}`;
  return `${pc.red('changed')}     ${object}  ${pc.dim(expected === null ? (actual ?? '') : `${actual} instead of ${expected}`)}`;
}
