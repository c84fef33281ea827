import type { Command } from 'commander';
import pc from 'picocolors';
import { BackupRecords } from '../backup/backup-records.js';
import { HOLDS_THE_ENGINE, usualFormat, type BackupHouse } from '../backup/backup-house.js';
import { listBackups, type ListedBackup } from '../backup/list-backups.js';
import { makeBackup } from '../backup/make-backup.js';
import { findBackup } from '../backup/restore/find-backup.js';
import { verifyBackup } from '../backup/restore/verify-backup.js';
import { openStore } from '../backup/store/open-store.js';
import { BACKUP_FORMATS, type Backup, type BackupFormat } from '../monitoring/backups/backup.entity.js';
import type { Databases } from '../database/databases.js';
import { VERSION } from '../version.js';
import { AppError } from '../errors/app-error.js';
import { commandContext, withDatabases, type CommandContext } from './context.js';
import { cliActor } from './key.js';
import { print, printJson, printTable, progressBar } from './output.js';
import { abortOnSignal } from './signals.js';
import { UsageError } from './usage-error.js';

interface CreateFlags {
  schema?: string;
  format?: string;
  json?: true;
}

export function defineBackup(backup: Command): void {
  backup
    .command('create')
    .description('dump every schema at one moment, or one schema')
    .option('--schema <schema>', 'only this one')
    .option('--format <format>', `${BACKUP_FORMATS.join(', ')}: pg_dump's own; plain is SQL for psql; default: custom, and plain on the embedded engine`)
    .option('--json', 'print JSON')
    .action(runCreate);
  backup
    .command('verify <backup>')
    .description('restore a backup into a scratch database, compare it with its manifest, and drop that again')
    .option('--json', 'print JSON')
    .action(runVerify);
  backup.command('list').description('list the backups that there are, newest first').option('--json', 'print JSON').action(runList);
}

async function runCreate(flags: CreateFlags): Promise<void> {
  const chosen = BACKUP_FORMATS.find((candidate) => candidate === flags.format);
  if (flags.format !== undefined && chosen === undefined) throw new UsageError(`--format is one of ${BACKUP_FORMATS.join(', ')}.`);
  const context = commandContext();
  await withBackupHouse(context, async (house) => {
    assertSchema(house, flags.schema);
    const made = await makeNow(house, flags.schema ?? null, flags.json !== true, chosen);
    if (flags.json) return printJson(made);
    print(`${pc.green('✓')} ${made.location} (${formatBytes(Number(made.bytes))}), id ${made.id}`);
  });
}

/** Makes the backup in this process. One of the same that waits for a worker is made instead of another. */
export async function makeNow(house: BackupHouse, schema: string | null, showsProgress: boolean, format: BackupFormat = usualFormat(house.cluster)): Promise<Backup> {
  const records = new BackupRecords(house.control);
  const backup = (await records.claimQueued(schema)) ?? (await claimNew(records, schema, format));
  if (showsProgress && house.cluster.engine === 'embedded') print(HOLDS_THE_ENGINE);
  const bar = progressBar(showsProgress, `backup of ${schema ?? 'every schema'}`);
  try {
    return await makeBackup(house, backup, {
      signal: abortOnSignal('The backup was stopped.'),
      onProgress: ({ schema: current, schemasDone, schemasTotal, bytes }) => bar.update(schemasDone, schemasTotal, `${current}, ${formatBytes(bytes)}`),
    });
  } finally {
    bar.stop();
  }
}

async function claimNew(records: BackupRecords, schema: string | null, format: BackupFormat): Promise<Backup> {
  await records.queue(schema, format, cliActor());
  const claimed = await records.claimQueued(schema);
  if (claimed === undefined) throw new AppError('conflict', 'A worker was faster and makes this backup now. Follow it with "nagaya backup list".');
  return claimed;
}

async function runVerify(id: string, { json }: { json?: true }): Promise<void> {
  await withBackupHouse(commandContext(), async (house) => {
    const manifest = await findBackup(house, id);
    const bar = progressBar(json !== true, 'trial');
    const options = { manifest, purpose: 'verify', requestedBy: cliActor(), signal: abortOnSignal('The trial was stopped.') } as const;
    const verified = await verifyBackup(house, { ...options, onProgress: (step, done, total) => bar.update(done, total, step) }).finally(bar.stop);
    if (json) return printJson(verified);
    print(`${pc.green('✓')} ${manifest.name} restores: ${verified.schemas} schemas, ${verified.tables} tables, ${verified.rows} rows, all as they were dumped.`);
    print(`  Recovering took ${verified.recoverySeconds.toFixed(1)} s; the data was ${verified.dataAgeSeconds.toFixed(0)} s old.`);
  });
}

async function runList({ json }: { json?: true }): Promise<void> {
  await withBackupHouse(commandContext(), async (house) => {
    const backups = await listBackups(house);
    if (json) return printJson({ items: backups });
    if (backups.length === 0) return print(`There are no backups in ${house.store.place}. Make one with: nagaya backup create`);
    printTable(
      ['id', 'of', 'data of', 'state', 'size', 'took', 'encrypted', 'proven', 'name'],
      backups.map((backup) => [
        backup.id,
        backup.schema ?? 'every schema',
        backup.dataOf ?? '-',
        stateOf(backup),
        formatBytes(backup.bytes),
        backup.durationSeconds === null ? '-' : `${backup.durationSeconds.toFixed(1)} s`,
        backup.encrypted ? 'yes' : 'no',
        backup.provenAt ?? 'never',
        backup.name ?? '-',
      ]),
    );
  });
}

function stateOf({ status, error, own }: ListedBackup): string {
  if (status === 'succeeded') return own ? pc.green('good') : 'good, of another deployment';
  return status === 'failed' ? pc.red(`failed: ${(error ?? '').slice(0, 60)}`) : status;
}

/** What backups and restores work with, for the length of a verb. */
export async function withBackupHouse<T>(context: CommandContext, work: (house: BackupHouse, databases: Databases) => Promise<T>): Promise<T> {
  const store = await openStore(context.configuration.backup);
  return withDatabases(context, (databases, cluster) =>
    work({ cluster, house: context.house, control: databases.control, settings: context.configuration.backup, store, version: VERSION }, databases),
  );
}

export function assertSchema({ house }: BackupHouse, schema: string | undefined): void {
  const known = [...house.shared, ...house.products].map((manifest) => manifest.id);
  if (schema !== undefined && !known.includes(schema)) throw new UsageError(`There is no schema ${schema}; there are ${known.join(', ')}.`);
}

export function formatBytes(bytes: number): string {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const) if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${bytes} B`;
}
