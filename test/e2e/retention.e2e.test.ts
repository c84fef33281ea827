import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { setProductStatus } from '../../src/core/products/set-product-status.js';
import { CODING_RULE2 } from '../../src/products/coding-rule2/coding-rule2.manifest.js';
import { setRowAge } from '../../src/retention/row-ages.js';
import { RowRetention, type Tidied } from '../../src/retention/row-retention.js';
import { environmentOf, nagaya as runVerb } from '../support/process.js';
import { startTestService, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2';

/** On a machine that may have other work. */
const TWO_PROCESSES_MS = 180_000;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());
beforeEach(async () => {
  await sql('DELETE FROM mistake_checks');
  await nagaya.service.databases.control.query('DELETE FROM core.product_retention');
});

const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => nagaya.service.databases.product('coding_rule2').query<Row>(text, values);

const tidy = (signal?: AbortSignal): Promise<Tidied[]> => nagaya.service.app.get(RowRetention).tidy(signal);
const keepFor = (table: string, days: number | null | undefined) => setRowAge(nagaya.service.databases.control, CODING_RULE2, table, days);
const addChecks = (count: number, daysOld: number) =>
  sql(`INSERT INTO mistake_checks (action, verdict, created_at) SELECT $3 || ' days', 'allow', now() - make_interval(days => $1) FROM generate_series(1, $2)`, [daysOld, count, String(daysOld)]);
const checksLeft = async () => (await sql<{ action: string; rows: number }>('SELECT action, count(*)::int AS rows FROM mistake_checks GROUP BY 1 ORDER BY 1')).map(({ action, rows }) => [action, rows]);

describe('rows that are older than their manifest keeps them', () => {
  test('are deleted by the product itself, in batches, with what hangs on them; younger ones stay, and it is told', async () => {
    await addChecks(1_203, 366);
    await addChecks(2, 364);
    await sql(`INSERT INTO mistake_patterns (pattern_type, pattern_description, pattern_data) VALUES ('aging', '', '{}') ON CONFLICT DO NOTHING`);
    await sql(`INSERT INTO mistake_check_matches (check_id, pattern_id, reasons) SELECT c.id, p.id, '[]' FROM mistake_checks c, mistake_patterns p WHERE p.pattern_type = 'aging'`);
    expect(await tidy()).toEqual([{ productId: 'coding_rule2', table: 'mistake_checks', rows: 1_203 }]);
    expect(await checksLeft()).toEqual([['364 days', 2]]);
    expect(await sql('SELECT count(*)::int AS rows FROM mistake_check_matches')).toEqual([{ rows: 2 }]);
    const { body } = await nagaya.request('GET', `${PATH}/events?eventType=old_rows_deleted`);
    expect(body.items).toMatchObject([{ productId: 'coding_rule2', eventData: { table: 'mistake_checks', rows: 1_203, days: 365 } }]);
    const metrics = await (await fetch(`${nagaya.service.url}/metrics`)).text();
    expect(metrics).toContain('nagaya_retention_deleted_rows_total{product="coding_rule2",table="mistake_checks"} 1203');
    expect(await tidy()).toEqual([]);
  });

  test('are left alone while the product is suspended, and by a turn that is told to stop', async () => {
    await addChecks(3, 400);
    await setProductStatus(nagaya.service.databases.control, 'coding_rule2', 'suspended');
    expect(await tidy()).toEqual([]);
    await setProductStatus(nagaya.service.databases.control, 'coding_rule2', 'active');
    expect(await tidy(AbortSignal.abort())).toEqual([]);
    expect(await checksLeft()).toEqual([['400 days', 3]]);
    expect(await tidy()).toMatchObject([{ rows: 3 }]);
  });

  test('a table that an index must be found for has one', async () => {
    const indexed = await sql<{ table: string; column: string }>(
      `SELECT DISTINCT c.relname AS table, a.attname AS column FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE c.relnamespace = 'coding_rule2'::regnamespace`,
    );
    for (const { table, column } of CODING_RULE2.retention ?? []) expect(indexed).toContainEqual({ table, column });
  });
});

describe('what an operator says', () => {
  test('takes the place of the manifest, is for ever where it says none, and is taken back', async () => {
    await addChecks(2, 400);
    await addChecks(2, 10);
    await keepFor('mistake_checks', null);
    expect(await tidy()).toEqual([]);
    await keepFor('mistake_checks', 5);
    expect(await tidy()).toMatchObject([{ rows: 4 }]);
    await addChecks(2, 10);
    await keepFor('mistake_checks', undefined);
    expect(await tidy()).toEqual([]);
    expect(await checksLeft()).toEqual([['10 days', 2]]);
  });

  test('is refused for a table whose rows the manifest does not let grow old', async () => {
    for (const table of ['mistake_patterns', 'migrations', 'no such table', 'mistake_checks; DROP TABLE mistake_checks']) {
      await expect(keepFor(table, 1)).rejects.toMatchObject({ code: 'validation_failed', message: expect.stringContaining('mistake_checks') });
    }
  });

  test('is shown and set by the verb, which first shows what it would delete', async () => {
    await addChecks(4, 50);
    const verb = async (...args: string[]) => {
      const ended = await runVerb(['product', 'retention', 'coding_rule2', '--table', 'mistake_checks', ...args, '--json'], environmentOf(nagaya.database));
      return (JSON.parse(ended.stdout) as { tables: object[] }).tables.filter((row) => 'table' in row && row.table === 'mistake_checks');
    };
    expect(await verb('--days', '30', '--plan')).toMatchObject([{ column: 'created_at', days: 30, saidBy: 'operator', oldRows: 4, oldest: expect.any(String) }]);
    expect(await tidy()).toEqual([]);
    expect(await checksLeft()).toEqual([['50 days', 4]]);
    expect(await verb('--days', '30')).toMatchObject([{ days: 30, saidBy: 'operator', oldRows: 4 }]);
    expect(await tidy()).toMatchObject([{ rows: 4 }]);
    const audited = await nagaya.service.databases.control.query(`SELECT target FROM core.audit_log WHERE action = 'product retention'`);
    expect(audited).toEqual([{ target: 'coding_rule2.mistake_checks' }]);
  }, TWO_PROCESSES_MS);
});

describe('rows that are searched by words', () => {
  const record = async (from: number, count: number, word: string) => {
    const items = Array.from({ length: count }, (_, index) => ({ sessionId: word, userMessage: `${word} ${from + index}`, aiResponse: 'noted' }));
    expect((await nagaya.request('POST', `${PATH}/conversations/batch`, { body: { items } })).status).toBe(201);
  };
  const found = async (query: string) => ((await nagaya.request('POST', `${PATH}/conversations/search`, { body: { query, limit: 100 } })).body as unknown as { items: { sessionId: string }[] }).items.length;
  /** Rows that stand in segments, by the rows and by the segments. */
  const counted = () =>
    sql<{ rows: number; documents: number }>(
      `SELECT (SELECT count(*)::int FROM conversation_context WHERE text_no <= c.settled_no) AS rows, (SELECT coalesce(sum(documents), 0)::int FROM text_segments s WHERE s.corpus = c.corpus) AS documents
         FROM text_corpora c WHERE corpus = 'conversations'`,
    );

  test('take their words with them, out of the segments too', async () => {
    await record(0, 400, 'yesteryear');
    await record(0, 400, 'evergreen');
    for (let waited = 0; (await counted())[0]?.documents === 0 && waited < 300; waited++) {
      await found('evergreen');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await counted())[0]?.documents).toBeGreaterThan(400);
    await sql(`UPDATE conversation_context SET created_at = now() - interval '40 days' WHERE session_id = 'yesteryear'`);
    await keepFor('conversation_context', 30);
    expect(await tidy()).toEqual([{ productId: 'coding_rule2', table: 'conversation_context', rows: 400 }]);
    expect([await found('yesteryear'), await found('evergreen')]).toEqual([0, 100]);
    expect(await sql(`SELECT count(*)::int AS entries FROM text_postings WHERE term = 'yesteryear'`)).toEqual([{ entries: 0 }]);
    const [left] = await counted();
    expect(left?.documents).toBe(left?.rows);
  });
});
