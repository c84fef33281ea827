import pg from 'pg';
import type { Queryable } from '../src/database/admin-connection.js';
import { readConnections } from '../src/health/schema/catalogue/connections.js';
import { readIndexes } from '../src/health/schema/catalogue/indexes.js';
import { readTables } from '../src/health/schema/catalogue/tables.js';
import type { Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';

const TABLES = 20;
/** Each statement's locks are kept until its transaction ends, so a schema is one. */
const MAKE_SCHEMAS_SQL = `
  CREATE PROCEDURE public.make_schemas(schemas integer, tables integer) LANGUAGE plpgsql AS $$
  BEGIN
    FOR s IN 1..schemas LOOP
      EXECUTE format('CREATE SCHEMA p%s', s);
      FOR t IN 1..tables LOOP
        EXECUTE format('CREATE TABLE p%1$s.t%2$s (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, at timestamptz NOT NULL DEFAULT now())', s, t);
        EXECUTE format('INSERT INTO p%s.t%s (name) SELECT ''row '' || i FROM generate_series(1, 5) i', s, t);
      END LOOP;
      COMMIT;
    END LOOP;
  END $$`;
const DATABASE_TIME_MS = 500;

/** What the sweep asks of the database for all schemas at once, a migration holding one of the tables meanwhile. */
export const benchmark: Benchmark = {
  name: 'health-sweep',
  title: `The cheap sweep over 1,000 schemas of ${TABLES} tables`,
  run,
};

async function run(bed: Bed): Promise<Figure[]> {
  const schemas = bed.quick ? 50 : 1_000;
  const url = await bed.freshDatabase();
  const [migration, sweep] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  for (const client of [migration, sweep]) {
    await client.connect();
    bed.defer(() => client.end());
  }
  await migration.query(MAKE_SCHEMAS_SQL);
  await migration.query(`CALL public.make_schemas(${schemas}, ${TABLES})`);
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE p1.t1 IN ACCESS EXCLUSIVE MODE');
  // Whoever waits for a lock fails here, and the benchmark with it.
  await sweep.query(`SET lock_timeout = '1ms'`);

  const db: Queryable = { query: async <Row extends object>(sql: string, values: readonly unknown[] = []) => (await sweep.query<Row>(sql, [...values])).rows };
  const ids = Array.from({ length: schemas }, (_, index) => `p${index + 1}`);
  const tables = await median(bed, () => readTables(db, ids));
  const indexes = await median(bed, () => readIndexes(db, ids));
  const connections = await median(bed, () => readConnections(db, ids));
  await migration.query('ROLLBACK');
  bed.note(`${schemas} schemas of ${TABLES} tables and as many indexes; medians, answers read; one table held ACCESS EXCLUSIVE all the while, lock_timeout 1 ms`);
  return [
    { what: 'tables, rows, sizes, activity', value: tables, unit: 'ms' },
    { what: 'indexes', value: indexes, unit: 'ms' },
    { what: 'connections', value: connections, unit: 'ms' },
    { what: 'the sweep', value: tables + indexes + connections, unit: 'ms', target: { atMost: DATABASE_TIME_MS } },
  ];
}

async function median(bed: Bed, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < (bed.quick ? 3 : 9); round++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
