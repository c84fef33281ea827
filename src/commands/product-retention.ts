import type { Command } from 'commander';
import type { RoleDatabase } from '../database/role-database.js';
import type { ProductManifest } from '../database/manifest.js';
import { COUNTED_AT_MOST, readOldRows, tooOldBefore } from '../retention/old-rows.js';
import { assertAging, MAX_DAYS, readRowAges, setRowAge, type KeptFor } from '../retention/row-ages.js';
import { commandContext, withDatabases } from './context.js';
import { audit } from './key.js';
import { print, printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

interface RetentionFlags {
  table?: string;
  days?: string;
  plan?: true;
  json?: true;
}

/** A table, how long its rows are kept, and what of it is older just now. */
interface Aging extends KeptFor {
  readonly oldRows: number;
  readonly oldest: Date | null;
}

export function registerProductRetention(product: Command): void {
  product
    .command('retention <id>')
    .description('show how long rows are kept and how many are older, or set it for one table')
    .option('--table <table>', 'of this table')
    .option('--days <days>', 'rows older than so many days are deleted; none: never; manifest: as the manifest says')
    .option('--plan', 'only show what would be deleted then')
    .option('--json', 'print JSON')
    .action(runRetention);
}

async function runRetention(id: string, flags: RetentionFlags): Promise<void> {
  const context = commandContext();
  const product = context.house.products.find((manifest) => manifest.id === id);
  if (product === undefined) throw new UsageError(`There is no product ${id}; there are ${context.house.products.map((manifest) => manifest.id).join(', ')}.`);
  const wish = wishOf(product, flags);
  await withDatabases(context, async (databases) => {
    if (wish !== undefined && !flags.plan) {
      await audit(databases, 'product retention', `${id}.${wish.table}`);
      await setRowAge(databases.control, product, wish.table, wish.days);
    }
    const kept = (await readRowAges(databases.control, [product])).get(id) ?? [];
    const aging: Aging[] = [];
    for (const rule of flags.plan ? planned(kept, product, wish) : kept) aging.push(await lookAt(databases.product(id), id, rule));
    if (flags.json) return printJson({ id, tables: aging });
    if (aging.length === 0) return print(`${id} keeps all its rows: its manifest names no table whose rows grow old.`);
    printTable(
      ['table', 'by', 'kept for', 'said by', 'older now', 'oldest of them'],
      aging.map((table) => [table.table, table.column, table.days === null ? 'ever' : `${table.days} days`, table.saidBy, count(table.oldRows), table.oldest?.toISOString() ?? '-']),
    );
  });
}

interface Wish {
  readonly table: string;
  /** undefined: as the manifest says. */
  readonly days: number | null | undefined;
}

/** Whatever is wrong with it is said before anything is written down. */
function wishOf(product: ProductManifest, { table, days, plan }: RetentionFlags): Wish | undefined {
  const wanted = daysOf(days);
  if ((table === undefined) !== (days === undefined)) throw new UsageError('--table and --days go together: rows of that table are kept for so many days.');
  if (table === undefined) {
    if (plan) throw new UsageError('--plan shows what --table and --days would delete; without them nothing is changed anyway.');
    return undefined;
  }
  assertAging(product, table);
  return { table, days: wanted };
}

function planned(kept: readonly KeptFor[], { retention = [] }: ProductManifest, wish: Wish | undefined): KeptFor[] {
  const inManifest = retention.find((rule) => rule.table === wish?.table)?.days ?? null;
  return kept
    .filter(({ table }) => table === wish?.table)
    .map((rule) => (wish?.days === undefined ? { ...rule, days: inManifest, saidBy: 'manifest' as const } : { ...rule, days: wish.days, saidBy: 'operator' as const }));
}

async function lookAt(own: RoleDatabase, schema: string, rule: KeptFor): Promise<Aging> {
  const { rows, oldest } = rule.days === null ? { rows: 0, oldest: null } : await readOldRows(own, { schema, ...rule }, await tooOldBefore(own, rule.days));
  return { ...rule, oldRows: rows, oldest };
}

function count(rows: number): string {
  return rows >= COUNTED_AT_MOST ? `${COUNTED_AT_MOST} or more` : String(rows);
}

/** undefined: as the manifest says. */
function daysOf(text: string | undefined): number | null | undefined {
  if (text === undefined || text === 'manifest') return undefined;
  if (text === 'none') return null;
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MAX_DAYS) return days;
  throw new UsageError(`--days takes a whole number from 1 to ${MAX_DAYS}, none, or manifest.`);
}
