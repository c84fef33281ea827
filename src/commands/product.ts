import type { Command } from 'commander';
import pc from 'picocolors';
import type { Product } from '../core/products/product.entity.js';
import { PRODUCT_COLUMNS, setProductStatus } from '../core/products/set-product-status.js';
import { commandContext, orMissing, withDatabases } from './context.js';
import { audit } from './key.js';
import { print, printJson, printTable } from './output.js';
import { registerProductLife } from './product-life.js';
import { registerProductQuota } from './product-quota.js';
import { registerProductRetention } from './product-retention.js';
import { registerProductNew } from './product-new.js';

export function defineProduct(product: Command): void {
  registerProductNew(product);
  product.command('list').description('list products').option('--json', 'print JSON').action(runList);
  product.command('suspend <id>').description('answer 403 for a product; its data is untouched').option('--json', 'print JSON').action(setStatus('suspended'));
  product.command('resume <id>').description('bring a product back into service').option('--json', 'print JSON').action(setStatus('active'));
  registerProductLife(product);
  registerProductQuota(product);
  registerProductRetention(product);
}

async function runList({ json }: { json?: true }): Promise<void> {
  await withDatabases(commandContext(), async (databases) => {
    const rows = await databases.control.query<Product>(`SELECT ${PRODUCT_COLUMNS} FROM core.products ORDER BY id`);
    if (json) return printJson({ items: rows });
    printTable(
      ['id', 'title', 'status', 'since', 'dropped not before'],
      rows.map((row) => [row.id, row.title, row.status === 'active' ? pc.green(row.status) : pc.yellow(row.status), row.createdAt.toISOString(), row.dropAfter?.toISOString() ?? '-']),
    );
  });
}

function setStatus(status: 'suspended' | 'active') {
  return async (id: string, { json }: { json?: true }): Promise<void> => {
    await withDatabases(commandContext(), async (databases) => {
      await audit(databases, `product ${status === 'active' ? 'resume' : 'suspend'}`, id);
      const product = await orMissing(setProductStatus(databases.control, id, status), `There is no product "${id}". See: nagaya product list`);
      if (json) return printJson(product);
      print(`${product.id} is ${product.status}.`);
    });
  };
}
