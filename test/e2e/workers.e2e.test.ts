import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Worker {
  id: string;
  workerId: string;
  state: string;
  lastHeartbeat: string;
}

const PATH = '/v1/products/coding_rule2/workers';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const beat = (workerId: string, body: object = { workerType: 'indexer', status: 'busy' }): Promise<Answer> =>
  nagaya.request('PUT', `${PATH}/${encodeURIComponent(workerId)}/heartbeat`, { body });
const listed = async (limit = 100): Promise<Worker[]> => (await walk<Worker>(nagaya, PATH, { limit })).flat();
/** Silence: the last that was heard of a worker lies so long ago. */
const silent = (workerId: string, seconds: number) =>
  nagaya.service.databases
    .product('coding_rule2')
    .query(`UPDATE monitoring.worker_status SET last_heartbeat = clock_timestamp() - make_interval(secs => $2) WHERE worker_id = $1`, [workerId, seconds]);

describe('a heartbeat', () => {
  test('makes a worker known: 200, with defaults for what it does not say', async () => {
    const answer = await beat('w1');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id: expect.any(String),
      productId: 'coding_rule2',
      workerId: 'w1',
      workerType: 'indexer',
      status: 'busy',
      cpuUsage: null,
      memoryUsage: null,
      taskCount: 0,
      lastHeartbeat: expect.any(String),
      intervalSeconds: 60,
      state: 'alive',
    });
  });

  test('of a known worker replaces what it said before, and keeps its row', async () => {
    const first = await beat('w2', { workerType: 'indexer', status: 'busy', cpuUsage: 130.5, memoryUsage: 0, taskCount: 3, intervalSeconds: 10 });
    const second = await beat('w2', { workerType: 'trainer', status: 'idle' });
    expect(second.body).toEqual({
      ...first.body,
      workerType: 'trainer',
      status: 'idle',
      cpuUsage: null,
      memoryUsage: null,
      taskCount: 0,
      intervalSeconds: 60,
      lastHeartbeat: expect.any(String),
    });
    expect(Date.parse(second.body['lastHeartbeat'] ?? '')).toBeGreaterThanOrEqual(Date.parse(first.body['lastHeartbeat'] ?? ''));
    expect((await listed()).filter((worker) => worker.workerId === 'w2')).toEqual([second.body]);
  });

  test('many at once of one new worker make one row', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => beat('crowded', { workerType: 't', status: 's', taskCount: n })));
    expect(new Set(answers.map((answer) => answer.body['id'])).size).toBe(1);
    expect((await listed()).filter((worker) => worker.workerId === 'crowded')).toHaveLength(1);
  });

  test('of the same name in another product is another worker', async () => {
    const mine = await beat('shared name');
    const theirs = await nagaya.request('PUT', '/v1/products/tea_house/workers/shared%20name/heartbeat', { key: nagaya.keys.teaHouse, body: { workerType: 't', status: 's' } });
    expect(theirs.body['id']).not.toBe(mine.body['id']);
    const neighbours = await walk<Worker>(nagaya, '/v1/products/tea_house/workers', { limit: 10, key: nagaya.keys.teaHouse });
    expect(neighbours.flat().map((worker) => worker.id)).toEqual([theirs.body['id']]);
  });

  test.each([
    [{ workerType: 't' }, '/status'],
    [{ workerType: 't', status: 'x'.repeat(21) }, '/status'],
    [{ workerType: 't', status: 's', cpuUsage: -1 }, '/cpuUsage'],
    [{ workerType: 't', status: 's', memoryUsage: '5' }, '/memoryUsage'],
    [{ workerType: 't', status: 's', taskCount: 1.5 }, '/taskCount'],
    [{ workerType: 't', status: 's', taskCount: 2_147_483_648 }, '/taskCount'],
    [{ workerType: 't', status: 's', intervalSeconds: 0 }, '/intervalSeconds'],
  ])('%j is refused, and no worker is known by it', async (body, pointer) => {
    const answer = await beat('refused', body);
    expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer, detail: expect.any(String) }]]);
    expect((await listed()).filter((worker) => worker.workerId === 'refused')).toEqual([]);
  });
});

describe('a worker', () => {
  test('is dead when it has been silent for three times its own interval, and alive again with its next heartbeat', async () => {
    const stateOf = async (workerId: string) => (await listed()).find((worker) => worker.workerId === workerId)?.state;
    await beat('slow', { workerType: 't', status: 's', intervalSeconds: 600 });
    await beat('quick', { workerType: 't', status: 's', intervalSeconds: 60 });
    for (const worker of ['slow', 'quick']) await silent(worker, 120);
    expect([await stateOf('slow'), await stateOf('quick')]).toEqual(['alive', 'alive']);
    for (const worker of ['slow', 'quick']) await silent(worker, 190);
    expect([await stateOf('slow'), await stateOf('quick')]).toEqual(['alive', 'dead']);
    await silent('slow', 1_801);
    expect(await stateOf('slow')).toBe('dead');
    expect((await beat('quick')).body).toMatchObject({ state: 'alive' });
    expect(await stateOf('quick')).toBe('alive');
  });
});

test('the list gives every worker once, the one heard of last first', async () => {
  await Promise.all(Array.from({ length: 13 }, (_, n) => beat(`listed-${n}`)));
  await nagaya.service.databases
    .product('coding_rule2')
    .query(`UPDATE monitoring.worker_status SET last_heartbeat = timestamptz '2026-01-01Z' + make_interval(secs => length(worker_id)) WHERE worker_id LIKE 'listed-%'`);
  const all = await listed(100);
  for (const limit of [1, 4]) expect(await listed(limit)).toEqual(all);
  expect(all.map((worker) => worker.lastHeartbeat)).toEqual(all.map((worker) => worker.lastHeartbeat).sort().toReversed());
  expect(all.filter((worker) => worker.workerId.startsWith('listed-'))).toHaveLength(13);
});
