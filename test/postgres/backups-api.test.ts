import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';
import { refusal } from '../support/problem.js';
import { BackupRecords } from '../../src/backup/backup-records.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const operator = () => ({ key: nagaya.keys.operator });
const ask = (body: unknown, headers: Record<string, string> = {}) => nagaya.request('POST', '/v1/backups', { ...operator(), body, headers });
const control = () => nagaya.service.databases.control;

describe('POST /v1/backups', () => {
  test('answers 202 with what to follow, and that no worker is there; one of the same waits already: 409', async () => {
    const asked = await ask({ schema: 'tea_house' }, { 'idempotency-key': 'backup-1' });
    expect(asked).toMatchObject({ status: 202, body: { schema: 'tea_house', status: 'queued', workerAlive: false, failed: false, bytes: 0, requestedBy: 'test' } });
    expect(asked.headers.get('location')).toBe(`/v1/backups/${String(asked.body['id'])}`);
    expect(await ask({ schema: 'tea_house' }, { 'idempotency-key': 'backup-1' })).toMatchObject({ status: 202, body: asked.body });
    expect(refusal(await ask({ schema: 'tea_house' }))).toEqual([409, 'conflict']);
    expect(await ask({})).toMatchObject({ status: 202, body: { schema: null } });
  });

  test('takes schemas that there are, and nothing else', async () => {
    expect(refusal(await ask({ schema: 'pg_catalog' }))).toEqual([400, 'validation_failed', '/schema']);
    expect(refusal(await ask({ schema: 1 }))).toEqual([400, 'validation_failed', '/schema']);
    expect(refusal(await ask({ format: 'tar' }))).toEqual([400, 'validation_failed', '/format']);
  });

  test('is for operators', async () => {
    for (const [method, path] of [['POST', '/v1/backups'], ['GET', '/v1/backups']] as const) {
      expect(refusal(await nagaya.request(method, path, method === 'POST' ? { body: {} } : {}))).toEqual([404, 'not_found']);
    }
  });
});

describe('a backup', () => {
  test('is followed while it is made: progress, the end, the reason why it failed for operators on the command line only', async () => {
    const records = new BackupRecords(control());
    const asked = await ask({ schema: 'core' });
    const id = String(asked.body['id']);
    const follow = async () => (await nagaya.request('GET', `/v1/backups/${id}`, operator())).body;
    expect(await records.claimQueued('core')).toMatchObject({ id });
    await records.renew(id, { schemasDone: 0, schemasTotal: 1, bytes: 4_096 });
    expect(await follow()).toMatchObject({ status: 'running', schemasDone: 0, schemasTotal: 1, bytes: 4_096 });
    expect(refusal(await ask({ schema: 'core' }))).toEqual([409, 'conflict']);
    await records.fail(id, 'role nagaya_backup: permission denied');
    expect(await follow()).toMatchObject({ status: 'failed', failed: true });
    expect(JSON.stringify(await follow())).not.toContain('nagaya_backup');
  });

  test('whose maker was killed does not block the next one', async () => {
    const records = new BackupRecords(control());
    const first = await records.queue('monitoring', 'custom', 'test');
    await records.claimQueued('monitoring');
    await control().query(`UPDATE monitoring.backups SET lease_until = now() - interval '1 second' WHERE id = $1`, [first.id]);
    expect(await ask({ schema: 'monitoring' })).toMatchObject({ status: 202 });
    expect((await nagaya.request('GET', `/v1/backups/${first.id}`, operator())).body).toMatchObject({ status: 'failed' });
  });

  test('is listed, newest first, by schema and state', async () => {
    const listed = await nagaya.request('GET', '/v1/backups?schema=monitoring', operator());
    expect(listed.body.items.map(({ status }) => status)).toEqual(['queued', 'failed']);
    const failed = await nagaya.request('GET', '/v1/backups?status=failed', operator());
    expect(failed.body.items).toHaveLength(2);
    expect(refusal(await nagaya.request('GET', '/v1/backups?status=lost', operator()))).toEqual([400, 'validation_failed', '/query/status']);
  });
});

describe('a product that is being restored', () => {
  test('answers 503 while the lease lasts, its neighbours do not; a lease that is over gives it back', async () => {
    const teas = () => nagaya.request('GET', '/v1/products/tea_house/workers', { key: nagaya.keys.teaHouse });
    await control().query(
      `INSERT INTO monitoring.restores (backup_id, purpose, schema_name, lease_until) VALUES (gen_random_uuid(), 'in_place', 'tea_house', now() + interval '1 hour')`,
    );
    const until = async (status: number): Promise<unknown> => {
      for (let tries = 0; ; tries++) {
        const answer = await teas();
        if (answer.status === status || tries > 200) return [answer.status, answer.body['code'], answer.headers.get('retry-after')];
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    expect(await until(503)).toEqual([503, 'product_not_ready', '10']);
    expect(await nagaya.request('GET', '/v1/products/coding_rule2/workers')).toMatchObject({ status: 200 });
    await control().query(`UPDATE monitoring.restores SET lease_until = now() - interval '1 second'`);
    expect(await until(200)).toEqual([200, undefined, null]);
  });
});
