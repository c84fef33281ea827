import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { startService, type RunningService } from '../../src/bootstrap.js';
import type { Configuration } from '../../src/config/env.js';
import { openCluster } from '../../src/database/cluster.js';
import { quoteIdent, quoteLiteral } from '../../src/database/quote-ident.js';
import { CONTROL_ROLE } from '../support/roles.js';
import { roleComment, scramVerifier } from '../../src/database/role-secret.js';
import { rotateSecret, type RotatedRole } from '../../src/database/rotate-secret.js';
import { createLogger } from '../../src/http/logging.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, nagaya } from '../support/process.js';
import { asSuperuser } from '../support/postgres-server.js';
import { call } from './support/call.js';
import { newLodger } from './support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';
import { until } from './support/until.js';

const OLD = 'the secret that has served until now, long enough';
const NEW = 'the secret that is going to serve, and long enough';

/*
 * The roles of the test house belong to all tests on this server, so one lodger stands for a whole deployment here: it alone has the
 * old secret's password and mark, and all others are reached by a URL of their own (NAGAYA_URL_<ROLE>), which is thereby tried too.
 */
const lodger = newLodger();
const house = houseWith([lodger]);
let database: TestDatabase;
let configuration: Configuration;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrateWith(database.configuration, house);
  const role = quoteIdent(lodger.id);
  await asSuperuser('postgres', `ALTER ROLE ${role} PASSWORD ${quoteLiteral(scramVerifier(OLD, lodger.id))}`, `COMMENT ON ROLE ${role} IS ${quoteLiteral(roleComment(OLD))}`);
  const { urlOf } = await openCluster(database.configuration, { purpose: 'visit' });
  const others = [CONTROL_ROLE, 'coding_rule2', 'tea_house'];
  configuration = { ...database.configuration, roleSecret: NEW, roleSecretPrevious: OLD, roleUrls: new Map(others.map((id) => [id, urlOf(id)])) };
});
afterAll(async () => {
  lodger.gate.open();
  await database.drop();
  await dropLodgers([lodger]);
});

async function rotate(): Promise<RotatedRole[]> {
  return rotateSecret(await openCluster(configuration, { purpose: 'visit' }));
}

async function serving(secrets: Partial<Configuration>): Promise<{ service: RunningService; ask: (method: string, path: string, body?: unknown) => Promise<number> }> {
  const service = await startService({ configuration: { ...configuration, ...secrets }, house, logger: createLogger('silent') });
  const { key } = await new ApiKeysService(service.databases).create({ name: 'test', productId: lodger.id });
  const ask = async (method: string, path: string, body?: unknown) => (await call(`${service.url}/v1/products/${lodger.id}/${path}`, method, key, body)).status;
  return { service, ask };
}

describe('changing the secret', () => {
  test('under load fails no request, before, during or after; old connections stay, new ones are made with the new secret', async () => {
    const { service, ask } = await serving({});
    const database = service.databases.product(lodger.id);
    const statuses: number[] = [];
    let loading = true;
    const load = Array.from({ length: 4 }, async () => {
      while (loading) {
        statuses.push(await ask('POST', 'visits', { name: 'load' }), await ask('GET', 'session'));
      }
    });
    try {
      await until(() => statuses.length > 40);
      const moved = await rotate();
      expect(moved).toEqual([{ role: lodger.id, password: 'changed' }]);
      const before = statuses.length;
      await until(() => statuses.length > before + 40);
      // More connections than are open: most of these have to log in anew.
      lodger.gate.shut();
      const holding = Array.from({ length: 15 }, () => ask('POST', 'hold'));
      await until(() => database.poolState().active >= 15);
      lodger.gate.open();
      statuses.push(...(await Promise.all(holding)));
      // And back: the same running process follows the other way too.
      const back = { ...configuration, roleSecret: OLD, roleSecretPrevious: NEW };
      await rotateSecret(await openCluster(back, { purpose: 'visit' }));
      await rotate();
    } finally {
      loading = false;
      await Promise.all(load);
      await service.close();
    }
    expect(statuses.length).toBeGreaterThan(80);
    expect(statuses.filter((status) => status >= 300)).toEqual([]);
  });

  test('is done once: again, it finds nothing to move; the mark is the new one', async () => {
    expect(await rotate()).toEqual([]);
    const [{ rows } = { rows: [] }] = await asSuperuser('postgres', `SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = ${quoteLiteral(lodger.id)}`);
    expect(rows).toEqual([{ comment: roleComment(NEW) }]);
  });

  test('leaves a process that knows only the new secret in service, and one that knows only the old one out', async () => {
    const knows = await serving({ roleSecretPrevious: undefined });
    expect(await knows.ask('GET', 'session')).toBe(200);
    await knows.service.close();
    const late = await serving({ roleSecret: OLD, roleSecretPrevious: undefined });
    expect(await late.ask('GET', 'session')).toBe(503);
    await late.service.close();
  });

  test('by a secret that never served is refused', async () => {
    const wrong = { ...configuration, roleSecret: 'x'.repeat(40), roleSecretPrevious: 'y'.repeat(40) };
    await expect(rotateSecret(await openCluster(wrong, { purpose: 'visit' }))).rejects.toMatchObject({ code: 'conflict' });
  });

  test('takes both secrets: without the one before, exit 2 and what to do', async () => {
    const { status, stderr } = await nagaya(['secret', 'rotate'], environmentOf(database));
    expect(status).toBe(2);
    expect(stderr).toContain('NAGAYA_ROLE_SECRET_PREVIOUS');
  });
});
