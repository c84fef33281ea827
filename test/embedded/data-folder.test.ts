import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbedded, startEmbedded } from '../../src/database/embedded/embedded-server.js';
import { connected, copyOf, errorOf, newFolder, Program, removeFolder } from './embedded-database.js';

const serve = (folder: string) => `
  try {
    const server = await startEmbedded({ dataDir: ${JSON.stringify(folder)} });
    console.log('listening ' + server.adminUrl);
    process.stdin.resume().once('end', async () => { await server.stop(); console.log('stopped'); });
  } catch (error) {
    console.log('refused ' + error.code + ' ' + error.message);
  }`;

/** Four connections write as fast as they can and print each row that the database has acknowledged. */
const write = (folder: string) => `
  const server = await startEmbedded({ dataDir: ${JSON.stringify(folder)} });
  const pool = new pg.Pool({ connectionString: server.adminUrl, max: 4 });
  await pool.query('CREATE TABLE IF NOT EXISTS acknowledged (id int PRIMARY KEY, filler text)');
  let next = (await pool.query('SELECT coalesce(max(id), 0)::int AS last FROM acknowledged')).rows[0].last;
  await Promise.all([1, 2, 3, 4].map(async () => {
    for (;;) {
      const id = (next += 1);
      await pool.query('INSERT INTO acknowledged VALUES ($1, $2)', [id, 'row '.repeat(50)]);
      process.stdout.write('row ' + id + '\\n');
      if (id % 1000 === 0) await pool.query('CHECKPOINT');
    }
  }));`;

describe('the data folder of the embedded database', () => {
  const made = newFolder();
  let folder = '';

  beforeAll(async () => {
    const server = await startEmbedded({ dataDir: made });
    await server.stop();
  });
  beforeEach(() => {
    folder = copyOf(made);
  });
  afterEach(() => removeFolder(folder));
  afterAll(() => removeFolder(made));

  it('is for its owner alone and keeps its secrets', async () => {
    const dataDir = join(folder, 'made', 'here');
    const first = await startEmbedded({ dataDir });
    expect(first).toMatchObject({ firstStart: true, owned: true });
    const modes = Object.fromEntries(readdirSync(dataDir).map((name) => [name, statSync(join(dataDir, name)).mode & 0o777]));
    expect(modes).toMatchObject({ 'secrets.json': 0o600, 'nagaya.1.lock': 0o600 });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(first.roleSecret).toMatch(/^[\w-]{43}$/);
    await first.stop();
    expect(readdirSync(dataDir).sort()).toEqual(['pgdata', 'secrets.json']);
    const second = await startEmbedded({ dataDir });
    expect(second).toMatchObject({ firstStart: false, roleSecret: first.roleSecret, backupSecret: first.backupSecret });
    await second.stop();
  });

  it('belongs to one process; a visitor is led to it', async () => {
    const programs = [new Program(serve(folder)), new Program(serve(folder))];
    const lines = await Promise.all(programs.map((program) => program.line('listening', 'refused')));
    const [url = ''] = lines.flatMap((line) => (line.startsWith('listening ') ? [line.slice(10)] : []));
    expect(lines.sort()).toEqual([`listening ${url}`, expect.stringMatching(/^refused conflict The data folder .* is in use by process \d+\./)]);
    expect(await errorOf(startEmbedded({ dataDir: folder }))).toMatchObject({ code: 'conflict' });

    const visitor = await openEmbedded({ dataDir: folder });
    expect(visitor).toMatchObject({ owned: false, adminUrl: url });
    const client = await connected(visitor.adminUrl);
    await client.query('CREATE TABLE kept (id int)');
    await client.end();
    await visitor.stop();
    await Promise.all(programs.map((program) => program.finish()));

    const alone = await openEmbedded({ dataDir: folder });
    expect(alone.owned).toBe(true);
    const later = await connected(alone.adminUrl);
    expect((await later.query('SELECT * FROM kept')).rows).toEqual([]);
    await later.end();
    await alone.stop();
  });

  it('has every acknowledged row after kill -9, three times in a row, and no lock that stands in the way', async () => {
    const acknowledged = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const writer = new Program(write(folder));
      await writer.line(`row ${Math.max(0, ...acknowledged) + 700 + round * 600}`);
      await writer.kill();
      for (const line of writer.output) if (line.startsWith('row ')) acknowledged.add(Number(line.slice(4)));
    }
    expect(readdirSync(folder).some((name) => name.endsWith('.lock'))).toBe(true);
    const server = await startEmbedded({ dataDir: folder });
    const client = await connected(server.adminUrl);
    const { rows } = await client.query<{ id: number }>('SELECT id FROM acknowledged');
    const stored = new Set(rows.map(({ id }) => id));
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(3_000);
    await client.end();
    await server.stop();
  });

  it('makes the database anew where making it was cut off', async () => {
    const unfinished = join(folder, 'pgdata.unfinished');
    removeFolder(join(folder, 'pgdata'));
    const half = new Program(serve(folder));
    while (!existsSync(join(folder, 'pgdata'))) await sleep(5);
    await half.kill();
    expect(existsSync(unfinished)).toBe(true);
    const server = await startEmbedded({ dataDir: folder });
    expect(server.firstStart).toBe(true);
    expect(existsSync(unfinished)).toBe(false);
    await server.stop();
  });

  it('lets a transaction at work finish before it stops, and sends the idle away', async () => {
    const server = await startEmbedded({ dataDir: folder });
    const [working, idle] = [await connected(server.adminUrl), await connected(server.adminUrl)];
    await working.query('CREATE TABLE work (id int)');
    await working.query('BEGIN');
    await working.query('INSERT INTO work VALUES (1)');
    const stopped = server.stop();
    await sleep(200);
    await working.query('INSERT INTO work VALUES (2)');
    await working.query('COMMIT');
    await stopped;
    await expect(idle.query('SELECT 1')).rejects.toThrow(/not queryable/);

    const again = await startEmbedded({ dataDir: folder });
    const client = await connected(again.adminUrl);
    expect((await client.query('SELECT id FROM work ORDER BY id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
    await client.end();
    await again.stop();
  });

  it('says so where the engine does not start', async () => {
    writeFileSync(join(folder, 'pgdata', 'PG_VERSION'), '11\n');
    expect(await errorOf(startEmbedded({ dataDir: folder }))).toMatchObject({ code: 'unavailable', message: expect.stringContaining('does not start') });
    expect(readdirSync(folder).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('says so where the secrets are no secrets', async () => {
    writeFileSync(join(folder, 'secrets.json'), '{}');
    expect(await errorOf(startEmbedded({ dataDir: folder }))).toMatchObject({ code: 'internal', message: expect.stringContaining('secrets.json') });
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).toBe('{}');
  });
});
