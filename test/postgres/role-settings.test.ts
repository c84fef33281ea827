import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCluster } from '../../src/database/cluster.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { asSuperuser } from '../support/postgres-server.js';
import { servingBackends, terminate, whileLocked } from './support/backends.js';
import { expectProblem, type Answer } from './support/call.js';
import { newLodger } from './support/lodger/lodger.js';
import { startLodging, type Lodging } from './support/lodging.js';
import { RoleSession } from './support/role-session.js';
import { until } from './support/until.js';

const lodger = newLodger();
const RIGHT = {
  role: lodger.id,
  searchPath: `${lodger.id}, core, monitoring, extensions`,
  statementTimeout: '30s',
  lockTimeout: '5s',
  idleTimeout: '1min',
};

let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging([lodger]);
});
afterAll(() => lodging.stop());

const session = (): Promise<Answer> => lodging.request(lodger.id, 'GET', 'session');

test('every request runs as the product\'s role, with the search path and the time-outs that hang on it', async () => {
  expect(await session()).toMatchObject({ status: 200, body: RIGHT });
});

describe('a product whose SQL has changed its own role', () => {
  const role = quoteIdent(lodger.id);
  const inDatabase = (): string => `IN DATABASE ${quoteIdent(lodging.database.name)}`;

  test.each([
    ['its search path in this database', () => `ALTER ROLE ${role} ${inDatabase()} SET search_path = public`],
    ['its search path everywhere', () => `ALTER ROLE ${role} ${inDatabase()} RESET search_path; ALTER ROLE ${role} SET search_path = core`],
    ['its statement time-out, to none', () => `ALTER ROLE ${role} ${inDatabase()} SET statement_timeout = 0`],
    ['its statement time-out, to one that nothing can meet', () => `ALTER ROLE ${role} ${inDatabase()} SET statement_timeout = 1`],
    ['its lock time-out', () => `ALTER ROLE ${role} ${inDatabase()} SET lock_timeout = 0`],
    ['all of them', () => `ALTER ROLE ${role} ${inDatabase()} RESET ALL`],
  ])('%s: found at the next connection and put back', async (_what, sql) => {
    const cluster = await openCluster(lodging.database.configuration, { purpose: 'visit' });
    const intruder = await RoleSession.open(cluster.urlOf(lodger.id));
    expect(await intruder.attempt(sql())).not.toHaveProperty('refused');
    await intruder.close();
    await terminate((await servingBackends(lodging.database.name)).filter((backend) => backend.application === `nagaya:${lodger.id}`));

    const answers: Answer[] = [];
    await until(async () => {
      const answer = await session();
      answers.push(answer);
      return answer.status === 200;
    });
    // No request is served with the wrong settings; until they are right it is told to come again.
    for (const answer of answers.slice(0, -1)) expectProblem(answer, 503, 'unavailable');
    expect(answers.at(-1)?.body).toEqual(RIGHT);
    expect(answers.length).toBeLessThan(20);
  });

  test('its password: it is out until the migrator sets it again, and its neighbours are not', async () => {
    await asSuperuser('postgres', `ALTER ROLE ${role} PASSWORD 'another'`);
    await terminate(await servingBackends(lodging.database.name));
    await until(async () => (await session()).status === 503);
    expectProblem(await session(), 503, 'unavailable');
    await until(async () => (await lodging.request('tea_house', 'GET', 'teas')).status === 200);
    await lodging.migrateAgain();
    await until(async () => (await session()).status === 200);
  });

  test('a role that an operator has made too powerful is not served from, until it is mended', async () => {
    await asSuperuser('postgres', `ALTER ROLE ${role} BYPASSRLS`);
    await terminate(await servingBackends(lodging.database.name));
    await until(async () => (await session()).body['code'] === 'product_not_ready');
    expectProblem(await session(), 503, 'product_not_ready');
    await until(async () => (await fetch(`${lodging.service.url}/health/ready`)).status === 503);
    await asSuperuser('postgres', `ALTER ROLE ${role} NOBYPASSRLS`);
    await until(async () => (await session()).status === 200);
    await until(async () => (await fetch(`${lodging.service.url}/health/ready`)).status === 200);
  });
});

describe('what takes too long is ended by the server', () => {
  test('a statement: 504, and what the transaction had done is undone', async () => {
    expectProblem(await lodging.request(lodger.id, 'POST', 'too-slow'), 504, 'timeout');
    expect((await lodging.request(lodger.id, 'GET', 'visits')).body.items).toEqual([]);
  });

  test('a wait for a lock: 504, and the connection serves again', async () => {
    const answer = await whileLocked(lodging.database.name, `${lodger.id}.visits`, () => lodging.request(lodger.id, 'GET', 'visits'));
    expectProblem(answer, 504, 'timeout');
    expect((await lodging.request(lodger.id, 'GET', 'visits')).status).toBe(200);
  });
});
