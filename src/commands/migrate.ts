import type { Command } from 'commander';
import pc from 'picocolors';
import { withAdmin } from '../database/admin-connection.js';
import { requireAdminUrl, type Cluster } from '../database/cluster.js';
import { readMigrationState, type MigrationState } from '../database/migrations/migration-state.js';
import type { House, MigrationReport } from '../database/migrator.js';
import { migrateHouse } from '../migrate-house.js';
import { commandContext, UsageError, withCluster } from './context.js';
import { print, printJson, printTable, progressPrinter } from './output.js';

interface MigrateFlags {
  plan?: true;
  schema?: string[];
  json?: true;
}

export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('make roles, schemas, tables, grants and policies what this release needs')
    .option('--plan', 'only say what would be applied')
    .option('--schema <schema...>', 'only these schemas')
    .option('--json', 'print JSON')
    .action(runMigrate);
}

async function runMigrate(flags: MigrateFlags): Promise<void> {
  const context = commandContext();
  const { house, configuration } = context;
  const known = [...house.shared, ...house.products].map((manifest) => manifest.id);
  const unknown = (flags.schema ?? []).filter((schema) => !known.includes(schema));
  if (unknown.length > 0) throw new UsageError(`There is no schema ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  await withCluster(context, async (cluster) => {
    if (flags.plan) return printPlan(await readStates(cluster, house, flags.schema), flags.json === true);
    const progress = progressPrinter(flags.json !== true);
    const report = await migrateHouse(cluster, house, {
      roleConnectionLimit: configuration.roleConnectionLimit,
      onProgress: progress.step,
      ...(flags.schema && { schemas: flags.schema }),
    });
    printReport(report, flags.json === true);
    if (report.schemas.some((outcome) => outcome.error !== undefined)) process.exitCode = 1;
  });
}

/** The state of every schema, read with the migrator's login. */
export async function readStates(cluster: Cluster, house: House, schemas?: readonly string[]): Promise<MigrationState[]> {
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const states: MigrationState[] = [];
    for (const manifest of [...house.shared, ...house.products]) {
      if (schemas === undefined || schemas.includes(manifest.id)) states.push(await readMigrationState(admin, manifest));
    }
    return states;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

function printPlan(states: readonly MigrationState[], json: boolean): void {
  if (json) return printJson({ schemas: states.map(({ schema, pending }) => ({ schema, pending })) });
  const rows = states.flatMap(({ schema, pending }) => pending.map((name) => [schema, name]));
  if (rows.length === 0) return print('Nothing to apply.');
  printTable(['schema', 'would apply'], rows);
}

function printReport(report: MigrationReport, json: boolean): void {
  const schemas = report.schemas.map(({ schema, applied, error }) => ({
    schema,
    applied,
    ...(error !== undefined && { error: messageOf(error) }),
  }));
  if (json) return printJson({ schemas, warnings: report.warnings.map((finding) => finding.detail) });
  printTable(
    ['schema', 'outcome'],
    schemas.map(({ schema, applied, error }) => [
      schema,
      error !== undefined ? pc.red(`failed: ${error}`) : applied.length === 0 ? 'up to date' : pc.green(`applied ${applied.join(', ')}`),
    ]),
  );
  for (const { detail } of report.warnings) print(`${pc.yellow('warning')}  ${detail}`);
}
