import { userInfo } from 'node:os';
import type { Command } from 'commander';
import pc from 'picocolors';
import { withAdmin } from '../database/admin-connection.js';
import { withoutArchived } from '../database/archived-schemas.js';
import { requireAdminUrl, type Cluster } from '../database/cluster.js';
import { planMigrations, type PlannedMigration } from '../database/migrations/plan-migrations.js';
import { readMigrationStates, type MigrationState } from '../database/migrations/migration-state.js';
import { messageOf } from '../database/migrations/run-journal.js';
import { DEFAULT_PARALLEL, type House, type MigrationReport } from '../database/migrator.js';
import { VERSION } from '../version.js';
import { migrateHouse } from '../migrate-house.js';
import { commandContext, withCluster } from './context.js';
import { migrateProgress } from './migrate-progress.js';
import { print, printJson, printTable } from './output.js';
import { stopSignal } from './stop-signal.js';
import { UsageError } from './usage-error.js';

interface MigrateFlags {
  plan?: true;
  schema?: string[];
  parallel: string;
  canary?: string;
  to?: string;
  wait: string;
  json?: true;
}

export function defineMigrate(migrate: Command): void {
  migrate
    .option('--plan', 'only say what would be applied: the statements and the locks they take')
    .option('--schema <schema...>', 'only these schemas')
    .option('--parallel <n>', 'how many products at a time', String(DEFAULT_PARALLEL))
    .option('--canary <product>', 'this product first; the others only if it can be served afterwards')
    .option('--to <migration>', 'no further than this migration; with one --schema')
    .option('--wait <seconds>', 'how long one migration tries for its locks while live traffic holds them', '120')
    .option('--json', 'print JSON')
    .action(runMigrate);
}

async function runMigrate(flags: MigrateFlags): Promise<void> {
  const context = commandContext();
  const { house, configuration } = context;
  const ids = [...house.shared, ...house.products].map((manifest) => manifest.id);
  checkNames(flags, house, ids);
  const json = flags.json === true;
  const options = { parallel: wholeNumber('--parallel', flags.parallel, 1, 32), lockPatienceMs: wholeNumber('--wait', flags.wait, 1, 86_400) * 1_000 };
  await withCluster(context, async (cluster) => {
    if (flags.plan) return printPlan(await planMigrations(cluster, await livingHouse(cluster, house), flags), json);
    const progress = migrateProgress(!json, flags.schema?.length ?? ids.length);
    const stop = stopSignal('stopping after the migration at work; again to end at once');
    try {
      const report = await migrateHouse(cluster, house, {
        ...options,
        roleConnectionLimit: configuration.roleConnectionLimit,
        actor: `cli:${userInfo().username}`,
        release: VERSION,
        signal: stop.signal,
        onProgress: progress.step,
        onEvent: progress.event,
        ...(flags.schema && { schemas: flags.schema }),
        ...(flags.canary !== undefined && { canary: flags.canary }),
        ...(flags.to !== undefined && { to: flags.to }),
      });
      progress.stop();
      printReport(report, json);
      if (report.stopped || report.schemas.some((outcome) => outcome.error !== undefined)) process.exitCode = 1;
    } finally {
      progress.stop();
      stop.done();
    }
  });
}

function checkNames({ schema, canary, to }: MigrateFlags, house: House, ids: readonly string[]): void {
  const unknown = (schema ?? []).filter((id) => !ids.includes(id));
  if (unknown.length > 0) throw new UsageError(`There is no schema ${unknown.join(', ')}; there are ${ids.join(', ')}.`);
  if (canary !== undefined && !house.products.some((product) => product.id === canary)) {
    throw new UsageError(`There is no product ${canary}; there are ${house.products.map((product) => product.id).join(', ')}.`);
  }
  if (to !== undefined && schema?.length !== 1) throw new UsageError('--to takes one --schema: each schema has migrations of its own.');
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}.`);
}

/** Archived products are not migrated, so they are not planned for and not looked at. */
function livingHouse(cluster: Cluster, house: House): Promise<House> {
  return withAdmin(requireAdminUrl(cluster), (admin) => withoutArchived(admin, house));
}

/** The state of every schema but those of archived products, read with the migrator's login. */
export async function readStates(cluster: Cluster, house: House): Promise<MigrationState[]> {
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const { shared, products } = await withoutArchived(admin, house);
    return readMigrationStates(admin, [...shared, ...products], cluster.roles.owner);
  });
}

function printPlan(plan: readonly PlannedMigration[], json: boolean): void {
  if (json) return printJson({ schemas: Object.entries(bySchema(plan)).map(([schema, migrations]) => ({ schema, pending: migrations.map(({ migration }) => migration), migrations })) });
  if (plan.length === 0) return print('Nothing to apply.');
  for (const { schema, migration, transaction, breaking, statements, unknown } of plan) {
    print(`${pc.bold(`${schema}: ${migration}`)}${breaking ? pc.red('  breaking: the release before can not serve after it') : ''}${transaction ? '' : pc.yellow('  without a transaction')}`);
    for (const { sql, locks } of statements) {
      print(sql.replaceAll(/^/gm, '  '));
      for (const { mode, object, blocks } of locks) print(pc.dim(`    takes ${mode} on ${object}: ${blocks}`));
      print();
    }
    if (unknown !== null) print(pc.yellow(`  ${unknown}\n`));
  }
  print(pc.dim('Locks are read from the statements. What a function or a DO block takes inside is not known beforehand. What the linter says of them: npm run lint:migrations, in a checkout.'));
}

function bySchema(plan: readonly PlannedMigration[]): Record<string, PlannedMigration[]> {
  const schemas: Record<string, PlannedMigration[]> = {};
  for (const planned of plan) (schemas[planned.schema] ??= []).push(planned);
  return schemas;
}

function printReport(report: MigrationReport, json: boolean): void {
  const schemas = report.schemas.map(({ schema, applied, error, stopped }) => ({
    schema,
    applied,
    ...(error !== undefined && { error: messageOf(error) }),
    ...(stopped && { stopped }),
  }));
  const unrecorded = report.unrecorded === undefined ? [] : [`This run is not in core.migration_runs: ${report.unrecorded}`];
  const warnings = [...report.warnings.map((finding) => finding.detail), ...unrecorded];
  if (json) return printJson({ runId: report.runId, schemas, warnings, stopped: report.stopped });
  printTable(['schema', 'outcome'], schemas.map(({ schema, ...outcome }) => [schema, describe(outcome)]));
  for (const warning of warnings) print(`${pc.yellow('warning')}  ${warning}`);
  if (report.stopped) print('Stopped. Run it again to go on where it stopped.');
}

function describe({ applied, error, stopped }: { applied: readonly string[]; error?: string; stopped?: true }): string {
  const done = applied.length === 0 ? '' : pc.green(`applied ${applied.join(', ')}`);
  if (error !== undefined) return [done, pc.red(`failed: ${error}`)].filter(Boolean).join('; then ');
  if (stopped) return [done, pc.yellow('stopped')].filter(Boolean).join('; then ');
  return done === '' ? 'up to date' : done;
}
