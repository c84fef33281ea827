import type { Command } from 'commander';
import { ProductQuotas } from '../auth/product-quotas.js';
import { setProductQuota } from '../core/products/set-product-quota.js';
import { commandContext, withDatabases } from './context.js';
import { audit } from './key.js';
import { printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

interface QuotaFlags {
  bytes?: string;
  rows?: string;
  json?: true;
}

export function registerProductQuota(product: Command): void {
  product
    .command('quota <id>')
    .description('show what a product may hold and holds, or set it')
    .option('--bytes <bytes>', 'how many bytes its tables may take, or none')
    .option('--rows <rows>', 'how many rows they may hold, or none')
    .option('--json', 'print JSON')
    .action(runQuota);
}

async function runQuota(id: string, flags: QuotaFlags): Promise<void> {
  const [bytes, rows] = [limitOf('--bytes', flags.bytes), limitOf('--rows', flags.rows)];
  const context = commandContext();
  await withDatabases(context, async (databases) => {
    const quotas = new ProductQuotas(databases, context.house);
    const before = await quotas.usageOf(id);
    if (bytes !== undefined || rows !== undefined) {
      await audit(databases, 'product quota', id);
      await setProductQuota(databases.control, id, bytes === undefined ? before.maxBytes : bytes, rows === undefined ? before.maxRows : rows);
      quotas.forget(id);
    }
    const usage = await quotas.usageOf(id);
    if (flags.json) return printJson({ id, ...usage });
    printTable(
      ['', 'used', 'limit'],
      [
        ['bytes', String(usage.bytes), String(usage.maxBytes ?? 'none')],
        ['rows', String(usage.rows), String(usage.maxRows ?? 'none')],
      ],
    );
  });
}

function limitOf(flag: string, text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes a whole number, or none.`);
}
