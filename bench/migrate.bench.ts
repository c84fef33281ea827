import pg from 'pg';
import { openCluster } from '../src/database/cluster.js';
import type { ProductManifest } from '../src/database/manifest.js';
import { captureStatements } from '../src/database/migrations/capture-statements.js';
import { knownMigrations } from '../src/database/migrations/known-migrations.js';
import { quoteIdent } from '../src/database/quote-ident.js';
import { readConfiguration } from '../src/config/env.js';
import { houseOf } from '../src/house.js';
import { migrateHouse } from '../src/migrate-house.js';
import type { Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { fleetOf } from './fleet/fleet.js';

export const benchmark: Benchmark = {
  name: 'migrate',
  title: 'Migrating many products',
  async run(bed) {
    const count = bed.quick ? 20 : 300;
    const { products, dropRoles } = fleetOf(count);
    const baseline = await plainConnection(bed, products);
    // Undone last first: roles can go when the database that they have rights in is gone.
    bed.defer(() => dropRoles(bed));
    const { first, again, growth } = await throughNagaya(bed, products);
    bed.note(`${count} products, each four tables, an HNSW index, a role, its grants and a history; migrated four at a time.`);
    bed.note('Beside it: the same CREATE SCHEMA and migration statements, a transaction a schema, sent by one plain connection, without roles, grants and histories.');
    const figures: Figure[] = [
      { what: 'plain connection, from nothing', value: baseline, unit: 's' },
      { what: 'nagaya, from nothing', value: first, unit: 's', ratio: first / baseline, target: { atMost: 3 } },
      { what: 'nagaya, nothing to apply', value: again, unit: 's', target: { atMost: 5 } },
      { what: 'memory: peak of the last fifth beside that of the second', value: growth, unit: 'ratio', target: { atMost: 1.25 } },
    ];
    return figures;
  },
};

async function plainConnection(bed: Bed, products: readonly ProductManifest[]): Promise<number> {
  const client = new pg.Client({ connectionString: await bed.freshDatabase() });
  await client.connect();
  try {
    await client.query('CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions');
    const [first] = products;
    if (first === undefined) return 0;
    const statements: string[] = [];
    for (const migration of await knownMigrations(first)) statements.push(...(await captureStatements(migration)).statements);
    return await seconds(async () => {
      for (const { id } of products) {
        await client.query('BEGIN');
        await client.query(`CREATE SCHEMA ${quoteIdent(id)}`);
        await client.query(`SET LOCAL search_path TO ${quoteIdent(id)}, extensions`);
        for (const sql of statements) await client.query(sql);
        await client.query('COMMIT');
      }
    });
  } finally {
    await client.end();
  }
}

async function throughNagaya(bed: Bed, products: readonly ProductManifest[]): Promise<{ first: number; again: number; growth: number }> {
  const url = await bed.freshDatabase();
  const configuration = readConfiguration({ DATABASE_URL: url, NAGAYA_ROLE_SECRET: bed.secret, LOG_LEVEL: 'warn' }, () => []);
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  bed.defer(() => cluster.close());
  const house = houseOf(products);
  const peaks: number[] = [];
  const migrate = async (): Promise<void> => {
    const report = await migrateHouse(cluster, house, {
      roleConnectionLimit: configuration.roleConnectionLimit,
      onEvent: (event) => void (event.kind === 'ended' && peaks.push(process.memoryUsage().rss)),
    });
    const failed = report.schemas.find((outcome) => outcome.error !== undefined);
    if (failed) throw failed.error;
  };
  const first = await seconds(migrate);
  const fifth = Math.floor(peaks.length / 5);
  const growth = Math.max(...peaks.slice(-fifth)) / Math.max(...peaks.slice(fifth, 2 * fifth));
  return { first, growth, again: await seconds(migrate) };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
