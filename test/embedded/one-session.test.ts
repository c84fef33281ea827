import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbedded, type EmbeddedServer } from '../../src/database/embedded/embedded-server.js';
import { connected, errorOf, newFolder, removeFolder, urlFor } from './embedded-database.js';

function destroySocket(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** Parse, Bind, Execute and Flush, and no Sync: what a cursor sends first. */
class HalfBatch implements pg.Submittable {
  readonly executed: Promise<void>;
  handleCommandComplete: () => void = () => {};
  handleError: (error: Error) => void = () => {};

  constructor(
    private readonly text: string,
    private readonly values: string[],
  ) {
    this.executed = new Promise((resolve, reject) => {
      this.handleCommandComplete = resolve;
      this.handleError = reject;
    });
  }

  submit(connection: pg.Connection): void {
    connection.parse({ name: '', text: this.text, types: [] }, true);
    connection.bind({ values: this.values }, true);
    connection.execute({}, true);
    connection.flush();
  }
}

describe('many connections on the one session of the embedded database', () => {
  const folder = newFolder();
  const warnings: string[] = [];
  let server: EmbeddedServer;
  let admin: pg.Client;

  beforeAll(async () => {
    const log = (level: string, message: string) => {
      if (level !== 'info') warnings.push(message);
    };
    server = await startEmbedded({ dataDir: folder, waitingMs: 2_000, log });
    admin = await connected(server.adminUrl);
    await admin.query(`CREATE TABLE rows (id uuid PRIMARY KEY, who text NOT NULL DEFAULT current_user)`);
    for (const role of ['a', 'b', 'c']) {
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'; GRANT SELECT, INSERT ON rows TO ${role}`);
    }
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
    removeFolder(folder);
  });

  it('answers each its own question, in transactions and out of them, named statements and large values too', async () => {
    const committed = new Set<string>();
    const visit = async (role: string, number: number) => {
      const client = await connected(urlFor(server.adminUrl, role));
      for (let turn = 0; turn < 25; turn += 1) {
        const token = randomUUID();
        const { rows } = await client.query({ name: `n${number % 4}`, text: `SELECT $1::text AS token, current_user AS who, ${number % 4} AS number`, values: [token] });
        expect(rows).toEqual([{ token, who: role, number: number % 4 }]);
        await client.query('BEGIN');
        await client.query('INSERT INTO rows (id) VALUES ($1)', [token]);
        expect((await client.query('SELECT who FROM rows WHERE id = $1', [token])).rows).toEqual([{ who: role }]);
        const keep = turn % 3 !== 0;
        await client.query(keep ? 'COMMIT' : 'ROLLBACK');
        if (keep) committed.add(token);
        expect(await errorOf(client.query('SELECT 1 / 0'))).toMatchObject({ code: '22012' });
      }
      const large = 'あ'.repeat(1_000_000);
      expect((await client.query('SELECT $1::text AS large', [large])).rows[0].large).toBe(large);
      await client.end();
    };
    await Promise.all(Array.from({ length: 12 }, (_, number) => visit('abc'.charAt(number % 3), number)));
    const { rows } = await admin.query<{ id: string }>('SELECT id FROM rows');
    expect(new Set(rows.map(({ id }) => id))).toEqual(committed);
  });

  it('serves pools of twenty', async () => {
    const pools = ['a', 'b'].map((role) => new pg.Pool({ connectionString: urlFor(server.adminUrl, role), max: 20 }));
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, number) => (await pools[number % 2]?.query('SELECT $1::int AS n', [number]))?.rows[0].n),
    );
    expect(answers).toEqual(Array.from({ length: 400 }, (_, number) => number));
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('undoes what clients leave open that are gone', async () => {
    const before = (await admin.query('SELECT count(*)::int AS n FROM rows')).rows[0].n;
    await Promise.all(
      Array.from({ length: 60 }, async (_, number) => {
        const client = await connected(urlFor(server.adminUrl, 'abc'.charAt(number % 3)));
        await client.query('BEGIN');
        await client.query('INSERT INTO rows (id) VALUES ($1)', [randomUUID()]);
        if (number % 2 === 0) client.query('SELECT pg_sleep(0.01)').catch(() => {});
        destroySocket(client);
      }),
    );
    expect((await admin.query('SELECT count(*)::int AS n FROM rows')).rows[0].n).toBe(before);
  });

  it('undoes a batch whose end never came', async () => {
    const client = await connected(urlFor(server.adminUrl, 'a'));
    const id = randomUUID();
    const sent = new HalfBatch('INSERT INTO rows (id) VALUES ($1)', [id]);
    client.query(sent);
    await sent.executed;
    destroySocket(client);
    expect((await admin.query('SELECT 1 FROM rows WHERE id = $1', [id])).rows).toEqual([]);
  });

  it('leaves nothing of one connection to the next', async () => {
    const a = await connected(urlFor(server.adminUrl, 'a'));
    await a.query("CREATE TEMP TABLE left_over (id int); SET search_path = nowhere; SET default_transaction_read_only = on; SELECT pg_advisory_lock(1); PREPARE p AS SELECT 1");
    const left = await admin.query(`SELECT current_setting('search_path') AS path, to_regclass('left_over') AS temp,
      (SELECT count(*)::int FROM pg_prepared_statements) AS prepared, current_setting('transaction_read_only') AS read_only`);
    expect(left.rows).toEqual([{ path: '"$user", public', temp: null, prepared: 0, read_only: 'off' }]);
    await a.end();
  });

  it('says which rule was broken when a second connection is awaited inside a transaction', async () => {
    const holder = await connected(urlFor(server.adminUrl, 'a'));
    const waiter = await connected(urlFor(server.adminUrl, 'b'));
    await holder.query('BEGIN');
    const error = await errorOf(waiter.query('SELECT 1'));
    expect(error).toMatchObject({ code: '55P03', message: expect.stringMatching(/another connection has kept it in an open transaction for \d s/) });
    await holder.query('COMMIT');
    expect((await waiter.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await Promise.all([holder.end(), waiter.end()]);
  });

  it('does not count the time of a long statement as waiting', async () => {
    const [busy, waiter] = [await connected(urlFor(server.adminUrl, 'a')), await connected(urlFor(server.adminUrl, 'b'))];
    const [, answer] = await Promise.all([busy.query('SELECT pg_sleep(3)'), sleep(50).then(() => waiter.query('SELECT 1 AS one'))]);
    expect(answer.rows).toEqual([{ one: 1 }]);
    await Promise.all([busy.end(), waiter.end()]);
  });

  it('refuses COPY FROM STDIN and LISTEN like any other error, in a transaction too', async () => {
    const client = await connected(urlFor(server.adminUrl, 'a'));
    expect(await errorOf(client.query('COPY rows FROM STDIN'))).toMatchObject({ code: '0A000', message: expect.stringContaining('COPY FROM STDIN') });
    await client.query('BEGIN');
    expect(await errorOf(client.query('COPY rows FROM STDIN', []))).toMatchObject({ code: '0A000' });
    expect(await errorOf(client.query('SELECT 1'))).toMatchObject({ code: '25P02' });
    await client.query('ROLLBACK');
    expect(await errorOf(client.query('LISTEN news'))).toMatchObject({ code: '0A000' });
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('takes the time-outs that would hang the engine, and has none of them', async () => {
    const client = await connected(urlFor(server.adminUrl, 'a'));
    await client.query('BEGIN');
    await client.query("SET LOCAL idle_in_transaction_session_timeout = '20ms'; SET LOCAL transaction_timeout = '20ms'; SET LOCAL statement_timeout = '20ms'");
    await sleep(200);
    expect((await client.query('SELECT pg_sleep(0.1), 1 AS one')).rows[0].one).toBe(1);
    await client.query('COMMIT');
    await client.end();
  });

  it('comes back by itself when a statement breaks the engine, with what was committed', async () => {
    const pool = new pg.Pool({ connectionString: urlFor(server.adminUrl, 'a'), max: 2 });
    pool.on('error', () => {});
    const id = randomUUID();
    await pool.query('INSERT INTO rows (id) VALUES ($1)', [id]);
    // Recursion on WebAssembly's stack, of which PostgreSQL knows nothing.
    expect(await errorOf(pool.query('SELECT $1::jsonb', ['['.repeat(3_000_000)]))).toMatchObject({ code: '57P02' });
    await sleep(300);
    let rows: unknown[] = [];
    for (let attempt = 0; attempt < 50 && rows.length === 0; attempt += 1) {
      rows = await pool.query('SELECT 1 FROM rows WHERE id = $1', [id]).then((result) => result.rows, () => sleep(100, []));
    }
    expect(rows).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/failed .* started again/)]);
    await pool.end();
    admin = await connected(server.adminUrl);
  });
});
