import type { Command } from 'commander';
import { archiveProduct, dropProduct, restoreArchive, type LifeContext } from '../life-cycle/product-life.js';
import { migrateHouse } from '../migrate-house.js';
import { commandContext, withDatabases, type CommandContext } from './context.js';
import { makeNow, withBackupHouse } from './backup.js';
import { audit } from './key.js';
import { print, printJson, progressPrinter } from './output.js';
import { UsageError } from './usage-error.js';

interface JsonFlag {
  json?: true;
}

const GRACE_DAYS = 30;
const LONGEST_GRACE_DAYS = 3_650;

export function registerProductLife(product: Command): void {
  product
    .command('archive <id>')
    .description('put a product away: no requests, its schema renamed and shut, to be brought back until the period is over')
    .option('--grace-days <days>', 'how long it can be brought back at least', String(GRACE_DAYS))
    .option('--without-backup', 'do not make a backup of it first')
    .option('--json', 'print JSON')
    .action(runArchive);
  product.command('restore-archive <id>').description('bring an archived product back into service').option('--json', 'print JSON').action(runRestore);
  product
    .command('drop <id>')
    .description("end an archived product after its period: schema, role, keys, rows in the shared tables")
    .option('--confirm', 'really do it: it can not be taken back')
    .option('--json', 'print JSON')
    .action(runDrop);
}

async function runArchive(id: string, flags: JsonFlag & { graceDays: string; withoutBackup?: true }): Promise<void> {
  const graceDays = /^\d{1,4}$/.test(flags.graceDays) ? Number(flags.graceDays) : Number.NaN;
  if (!(graceDays <= LONGEST_GRACE_DAYS)) throw new UsageError(`--grace-days takes a whole number of days from 0 to ${LONGEST_GRACE_DAYS}.`);
  await withLife(async (life) => {
    await audit(life.databases, 'product archive', id);
    const product = await archiveProduct(life, id, graceDays, () => backUpFirst(life, id, flags));
    if (flags.json) return printJson(product);
    print(`${id} is archived. It can be brought back until ${product.dropAfter?.toISOString() ?? 'further notice'}: nagaya product restore-archive ${id}`);
  });
}

/** Where backups are set up: elsewhere there is nothing to make one with, and the schema itself is kept for the period. */
async function backUpFirst({ cluster, house }: LifeContext, id: string, { withoutBackup, json }: JsonFlag & { withoutBackup?: true }): Promise<void> {
  // A product whose code is gone has no manifest that says what to save.
  const isKnown = house.products.some((product) => product.id === id);
  if (withoutBackup || cluster.backupSecret === undefined || !isKnown) {
    if (!json) print('No backup is made first.');
    return;
  }
  await withBackupHouse(commandContext(), async (backups) => {
    const made = await makeNow(backups, id, json !== true);
    if (!json) print(`Backed up as ${made.location ?? made.id}.`);
  });
}

async function runRestore(id: string, { json }: JsonFlag): Promise<void> {
  await withLife(async (life, { configuration, house }) => {
    await audit(life.databases, 'product restore-archive', id);
    const progress = progressPrinter(json !== true);
    const product = await restoreArchive(life, id, async () => {
      const report = await migrateHouse(life.cluster, house, { roleConnectionLimit: configuration.roleConnectionLimit, schemas: [id], onProgress: progress.step });
      const failed = report.schemas.find((outcome) => outcome.error !== undefined);
      if (failed !== undefined) throw failed.error;
    });
    if (json) return printJson(product);
    print(`${id} is ${product.status}.`);
  });
}

async function runDrop(id: string, flags: JsonFlag & { confirm?: true }): Promise<void> {
  if (flags.confirm !== true) throw new UsageError(`This ends ${id} and can't be taken back. Say so with --confirm.`);
  await withLife(async (life, { house }) => {
    await audit(life.databases, 'product drop', id);
    const roleDropped = await dropProduct(life, id);
    if (flags.json) return printJson({ id, dropped: true, roleDropped });
    print(`${id} is dropped.`);
    if (!roleDropped) print(`The role "${life.cluster.roles.of(id)}" stays: another database on this server uses it, or it is not this deployment's.`);
    if (house.products.some((product) => product.id === id)) print(`Take it out of src/products/index.ts too: the next migrate would make it anew, empty.`);
  });
}

async function withLife(work: (life: LifeContext, context: CommandContext) => Promise<void>): Promise<void> {
  const context = commandContext();
  await withDatabases(context, (databases, cluster) => work({ databases, cluster, house: context.house }, context));
}
