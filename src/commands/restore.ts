import type { Command } from 'commander';
import pc from 'picocolors';
import type { BackupHouse } from '../backup/backup-house.js';
import type { BackupManifest } from '../backup/archive/manifest.js';
import { archiveOf, findBackup } from '../backup/restore/find-backup.js';
import { planRestore, type RestorePlan } from '../backup/restore/plan-restore.js';
import { confirmRestore, restoreSchema, targetUrl, undoRestore } from '../backup/restore/restore-schema.js';
import { restoreWhole } from '../backup/restore/restore-whole.js';
import { openStore } from '../backup/store/open-store.js';
import { VERSION } from '../version.js';
import { AppError } from '../errors/app-error.js';
import { migrateHouse } from '../migrate-house.js';
import type { Cluster } from '../database/cluster.js';
import { assertSchema, withBackupHouse } from './backup.js';
import { commandContext, withCluster, type CommandContext } from './context.js';
import { audit, cliActor } from './key.js';
import { print, printJson, printTable, progressBar, progressPrinter } from './output.js';
import { abortOnSignal } from './signals.js';
import { UsageError } from './usage-error.js';

interface RestoreFlags {
  schema?: string;
  as?: string;
  into?: string;
  plan?: true;
  json?: true;
}

export function defineRestore(restore: Command): void {
  restore
    .argument('[backup]', 'its id (or the end of it) or name')
    .option('--schema <schema>', 'only this one; in place of the live one, whose state is kept until confirmed')
    .option('--as <name>', 'beside the live one, under this name')
    .option('--into <database>', 'another database of the server')
    .option('--plan', 'only say what would happen')
    .option('--json', 'print JSON')
    .action(runRestore);
  restore.command('confirm <schema>').description('delete the state before the last restore in place').option('--json', 'print JSON').action(runConfirm);
  restore.command('undo <schema>').description('bring the state before the last restore in place back; the restored one is kept').option('--json', 'print JSON').action(runUndo);
}

async function runRestore(id: string | undefined, flags: RestoreFlags): Promise<void> {
  if (id === undefined) throw new UsageError('Say which backup: "nagaya backup list" shows them.');
  const context = commandContext();
  const store = await openStore(context.configuration.backup);
  const manifest = await findBackup({ store, settings: context.configuration.backup }, id);
  const schema = flags.schema ?? manifest.schema ?? undefined;
  if (flags.as !== undefined && schema === undefined) throw new UsageError('--as gives one schema another name; say which one with --schema.');
  if (schema !== undefined) archiveOf(manifest, schema);
  if (flags.plan) return withCluster(context, async (cluster) => printPlan(await planRestore(targetUrl({ ...bare(context, cluster), store }, flags.into), cluster.engine, manifest, { ...flags, ...(schema !== undefined && { schema }) }), flags.json === true));
  if (schema === undefined) return runWhole(context, manifest, flags);
  await withBackupHouse(context, async (house, databases) => {
    await audit(databases, 'restore', `${schema} from ${manifest.name}`);
    const progress = progressPrinter(flags.json !== true);
    const restored = await restoreSchema(house, {
      manifest,
      schema,
      ...(flags.as !== undefined && { as: flags.as }),
      ...(flags.into !== undefined && { into: flags.into }),
      requestedBy: cliActor(),
      roleConnectionLimit: context.configuration.roleConnectionLimit,
      signal: abortOnSignal('The restore was stopped.'),
      onProgress: progress.step,
    });
    if (flags.json) return printJson(restored);
    print(`${pc.green('✓')} ${restored.database}.${restored.schema} holds the data of ${manifest.dataOf}.`);
    if (restored.kept !== null) print(`  The state before it is kept as ${restored.kept}. Delete it with "nagaya restore confirm ${schema}", or bring it back with "nagaya restore undo ${schema}".`);
  });
}

/** The records are in the backup itself, so nothing is written down before it is there. */
async function runWhole(context: CommandContext, manifest: BackupManifest, flags: RestoreFlags): Promise<void> {
  const store = await openStore(context.configuration.backup);
  await withCluster(context, async (cluster) => {
    const house: BackupHouse = { ...bare(context, cluster), store };
    const bar = progressBar(flags.json !== true, 'restore');
    const { roleConnectionLimit } = context.configuration;
    try {
      await restoreWhole(house, {
        manifest,
        ...(flags.into !== undefined && { into: flags.into }),
        roleConnectionLimit,
        signal: abortOnSignal('The restore was stopped.'),
        onProgress: (step, done, total) => bar.update(done, total, step),
      });
    } finally {
      bar.stop();
    }
    const target = clusterAt(cluster, flags.into);
    const report = await migrateHouse(target, context.house, { roleConnectionLimit, onProgress: progressPrinter(flags.json !== true).step });
    const failed = report.schemas.filter((outcome) => outcome.error !== undefined).map(({ schema }) => schema);
    if (flags.json) return printJson({ backup: manifest.id, schemas: manifest.archives.map(({ schema }) => schema), failed });
    print(`${pc.green('✓')} Every schema of ${manifest.name} is restored and migrated to this release.`);
    if (failed.length > 0) print(`${pc.red('error')}  These could not be migrated: ${failed.join(', ')}. See "nagaya migrate".`);
  });
}

async function runConfirm(schema: string, { json }: { json?: true }): Promise<void> {
  await withBackupHouse(commandContext(), async (house, databases) => {
    assertSchema(house, schema);
    await audit(databases, 'restore confirm', schema);
    const dropped = await confirmRestore(house, schema);
    if (json) return printJson({ schema, dropped });
    print(`${dropped} is deleted.`);
  });
}

async function runUndo(schema: string, { json }: { json?: true }): Promise<void> {
  const context = commandContext();
  await withBackupHouse(context, async (house, databases) => {
    assertSchema(house, schema);
    await audit(databases, 'restore undo', schema);
    const { kept } = await undoRestore(house, schema, context.configuration.roleConnectionLimit);
    if (json) return printJson({ schema, kept });
    print(`${schema} is what it was before. The other state is kept as ${kept}: "nagaya restore undo ${schema}" brings it back, "nagaya restore confirm ${schema}" deletes it.`);
  });
}

/** Without a login of its own: there may be no database to log in to yet. */
function bare(context: CommandContext, cluster: Cluster): Omit<BackupHouse, 'store'> {
  const nothing = { query: (): Promise<never> => Promise.reject(new AppError('internal', 'There are no records here yet.')) };
  return { cluster, house: context.house, control: nothing, settings: context.configuration.backup, version: VERSION };
}

function clusterAt(cluster: Cluster, database: string | undefined): Cluster {
  if (database === undefined) return cluster;
  const at = (url: string): string => {
    const moved = new URL(url);
    moved.pathname = `/${encodeURIComponent(database)}`;
    return moved.href;
  };
  return {
    ...cluster,
    adminUrl: cluster.adminUrl === undefined ? undefined : at(cluster.adminUrl),
    urlsOf: (role) => cluster.urlsOf(role).map(at),
    urlOf: (role) => at(cluster.urlOf(role)),
  };
}

function printPlan(plan: RestorePlan, json: boolean): void {
  if (json) return printJson(plan);
  print(`${plan.backup}, data of ${plan.dataOf}, into ${plan.database}:`);
  for (const step of plan.steps) print(`  - ${step}`);
  print();
  printTable(['schema', 'tables', 'rows', 'migration'], plan.schemas.map(({ schema, tables, rows, migration }) => [schema, String(tables), rows, migration ?? '-']));
}

