import { Module } from '@nestjs/common';
import pg from 'pg';
import type { ProductManifest } from '../../src/database/manifest.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import type { Bed } from '../bed.js';

@Module({})
class EmptyModule {}

const MIGRATIONS = new URL('./migrations/', import.meta.url);

export interface Fleet {
  readonly products: readonly ProductManifest[];
  /** Roles can go when the database that they have rights in is gone: defer it before the database is made. */
  readonly dropRoles: (bed: Bed) => Promise<void>;
}

/** Products that are alike, each four tables, an HNSW index, a role, its grants and a history. */
export function fleetOf(count: number): Fleet {
  const products = Array.from({ length: count }, (_, index): ProductManifest => {
    const id = `bench_fleet_${index}`;
    return { kind: 'product', id, title: id, tags: [], entities: [], migrations: MIGRATIONS, module: () => Promise.resolve(EmptyModule) };
  });
  return { products, dropRoles: (bed) => dropRoles(bed, products) };
}

async function dropRoles(bed: Bed, products: readonly ProductManifest[]): Promise<void> {
  const client = new pg.Client({ connectionString: bed.adminUrl });
  await client.connect();
  try {
    for (const { id } of products) await client.query(`DROP ROLE IF EXISTS ${quoteIdent(id)}`);
  } finally {
    await client.end();
  }
}
