import type { Command } from 'commander';
import pc from 'picocolors';
import { notFound } from '../errors/app-error.js';
import { commandContext, withDatabases } from './context.js';
import { audit } from './key.js';
import { print, printJson, printTable } from './output.js';

interface ProductRow {
  id: string;
  title: string;
  status: string;
  createdAt: Date;
}

const COLUMNS = 'id, title, status, created_at AS "createdAt"';

export function registerProduct(program: Command): void {
  const product = program.command('product').description('the products of the cluster');
  product.command('list').description('list products').option('--json', 'print JSON').action(runList);
  product.command('suspend <id>').description('answer 403 for a product; its data is untouched').option('--json', 'print JSON').action(setStatus('suspended'));
  product.command('resume <id>').description('bring a product back into service').option('--json', 'print JSON').action(setStatus('active'));
}

async function runList({ json }: { json?: true }): Promise<void> {
  await withDatabases(commandContext(), async (databases) => {
    const rows = await databases.control.query<ProductRow>(`SELECT ${COLUMNS} FROM core.products ORDER BY id`);
    if (json) return printJson({ items: rows });
    printTable(
      ['id', 'title', 'status', 'since'],
      rows.map((row) => [row.id, row.title, row.status === 'active' ? pc.green(row.status) : pc.yellow(row.status), row.createdAt.toISOString()]),
    );
  });
}

function setStatus(status: 'suspended' | 'active') {
  return async (id: string, { json }: { json?: true }): Promise<void> => {
    await withDatabases(commandContext(), async (databases) => {
      await audit(databases, `product ${status === 'active' ? 'resume' : 'suspend'}`, id);
      const [row] = await databases.control.query<ProductRow>(`UPDATE core.products SET status = $2 WHERE id = $1 RETURNING ${COLUMNS}`, [id, status]);
      if (row === undefined) throw notFound();
      if (json) return printJson(row);
      print(`${row.id} is ${row.status}.`);
    });
  };
}
