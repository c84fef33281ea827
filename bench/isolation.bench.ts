import { Module } from '@nestjs/common';
import pg from 'pg';
import type { ProductManifest } from '../src/database/manifest.js';
import { quoteIdent } from '../src/database/quote-ident.js';
import type { Bed } from './bed.js';
import type { Benchmark } from './benchmark.js';
import { inTurns } from './load.js';

const PRODUCTS = 5;
/** Statements under way at once, shared by the products in turn. */
const CLIENTS = 20;
const MIGRATIONS = new URL('./fleet/', import.meta.url);

@Module({})
class EmptyModule {}

const products: ProductManifest[] = Array.from({ length: PRODUCTS }, (_, number) => {
  const id = `bench_home_${number}`;
  return { kind: 'product', id, title: id, tags: [], entities: [], migrations: MIGRATIONS, module: () => Promise.resolve(EmptyModule) };
});

const write = (table: string): string => `INSERT INTO ${table} (session_id, memory_content) VALUES ($1, '{"text": "x"}')`;
const read = (table: string): string => `SELECT id, memory_content FROM ${table} WHERE session_id = $1 LIMIT 10`;

type Ask = (product: string, sql: (table: string) => string, values: string[]) => Promise<unknown>;

/** The same statements through one login that may see everything, and through a login and a pool for each product. */
export const benchmark: Benchmark = {
  name: 'isolation',
  title: 'What a login for each product costs',
  async run(bed: Bed) {
    bed.defer(() => dropRoles(bed.adminUrl));
    const house = await bed.freshHouse(products);
    const statements = bed.quick ? 1_000 : 10_000;
    const pool = new pg.Pool({ connectionString: house.adminUrl, max: CLIENTS });
    bed.defer(() => pool.end());
    for (const { id } of products) await pool.query(`CREATE INDEX ON ${quoteIdent(id)}.memories (session_id)`);
    const oneLogin: Ask = (product, sql, values) => pool.query(sql(`${quoteIdent(product)}.memories`), values);
    // The search path of the role says whose table is meant.
    const ownLogin: Ask = (product, sql, values) => house.databases.product(product).query(sql('memories'), values);
    await statementsPerSecond(oneLogin, 500);
    await statementsPerSecond(ownLogin, 500);
    const { ours, plain, ratio } = await inTurns(bed.quick ? 1 : 5, () => statementsPerSecond(ownLogin, statements), () => statementsPerSecond(oneLogin, statements));
    bed.note(`${PRODUCTS} products, ${CLIENTS} clients, ${statements} statements a turn, every other a write`);
    return [
      { what: 'a login and a pool for each product', value: ours, unit: 'statements/s', ratio, target: { atLeast: 0.8 } },
      { what: 'one login for all of them, plain pg', value: plain, unit: 'statements/s' },
    ];
  },
};

async function statementsPerSecond(ask: Ask, count: number): Promise<number> {
  const began = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      await ask(products[number % PRODUCTS]?.id ?? '', number % 2 === 0 ? write : read, [`session ${number % 997}`]);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return count / ((performance.now() - began) / 1_000);
}

/** After their database: a role that still has rights somewhere can't be dropped. */
async function dropRoles(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  for (const { id } of products) await client.query(`DROP ROLE IF EXISTS ${quoteIdent(id)}`);
  await client.end();
}
