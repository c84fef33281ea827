import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { rotateSecret } from '../../src/database/rotate-secret.js';
import { archiveProduct, dropProduct } from '../../src/life-cycle/product-life.js';
import { asSuperuser } from '../support/postgres-server.js';
import { serve, type Served } from '../support/process.js';
import { call } from './support/call.js';
import { Deployment, HOUSE } from './support/deployment.js';
import { loginRefusal, RoleSession } from './support/role-session.js';
import { superuserRows } from './support/superuser-rows.js';

// Two deployments of one release on one server, each with its own prefix, secret, migrator, database and processes. Beside them the
// server has the roles of the other tests, which have no prefix.

const PRODUCT = 'coding_rule2';
/** Of roles that nobody but this test makes. */
const [RED, BLUE] = ['testred', 'testblue'] as const;
/** Migrates and starts two deployments, or restores a whole one, on a machine that may have other work. */
const PATIENCE_MS = 240_000;
const CONNECT_DENIED = '42501';

let red: Deployment;
let blue: Deployment;
const prepared: Deployment[] = [];
const served = new Map<Deployment, Served>();
const keys = new Map<Deployment, string>();
beforeAll(async () => {
  for (const prefix of [RED, BLUE]) prepared.push(await Deployment.prepare(prefix));
  [red, blue] = prepared as [Deployment, Deployment];
  await Promise.all([red, blue].map((deployment) => deployment.migrate()));
  for (const deployment of [red, blue]) {
    keys.set(deployment, (await deployment.withDatabases((databases) => new ApiKeysService(databases).create({ name: 'test', productId: PRODUCT }))).key);
  }
  await Promise.all([red, blue].map(async (deployment) => served.set(deployment, await serve(deployment.env))));
}, PATIENCE_MS);
afterAll(async () => {
  for (const service of served.values()) await service.end('SIGTERM');
  for (const deployment of prepared) await deployment.remove();
});

const ask = (deployment: Deployment, method: string, path: string, body?: unknown, key = keys.get(deployment)) =>
  call(`${served.get(deployment)?.url}/v1/products/${PRODUCT}/${path}`, method, key ?? '', body);
const rolesOf = (deployment: Deployment) =>
  superuserRows(deployment.database, `SELECT r.rolname, a.rolpassword, shobj_description(r.oid, 'pg_authid') AS mark FROM pg_roles r JOIN pg_authid a USING (oid) WHERE starts_with(r.rolname, '${deployment.prefix}_') ORDER BY 1`);

describe('two deployments with other prefixes on one server', () => {
  test('serve each its own rows and know no key of the other', async () => {
    for (const deployment of [red, blue]) {
      expect((await ask(deployment, 'PUT', 'mistake-patterns/whose', { patternDescription: deployment.prefix })).status).toBe(201);
      expect((await ask(deployment, 'POST', 'events', { eventType: 'moved-in', eventData: { deployment: deployment.prefix } })).status).toBe(201);
    }
    for (const [deployment, other] of [[red, blue], [blue, red]] as const) {
      expect((await ask(deployment, 'GET', 'mistake-patterns/whose')).body).toMatchObject({ patternDescription: deployment.prefix });
      expect((await ask(deployment, 'GET', 'events')).body).toMatchObject({ items: [{ productId: PRODUCT, eventData: { deployment: deployment.prefix } }] });
      expect((await ask(deployment, 'GET', 'events', undefined, keys.get(other))).status).toBe(401);
      const ready = await fetch(`${served.get(deployment)?.url}/health/ready`);
      expect(await ready.json()).toMatchObject({ status: 'ok', details: { roles: { status: 'up' } } });
    }
  });

  test('are as their manifests say: doctor finds no error and no drift in either', async () => {
    for (const deployment of [red, blue]) {
      const { errors, warnings, drift } = await deployment.diagnose();
      expect(errors).toEqual([]);
      expect(drift).toEqual({ core: 'in_step', monitoring: 'in_step', [PRODUCT]: 'in_step' });
      // Databases that let everybody in are told; the other deployment's is none of them.
      expect(warnings.join()).not.toContain(deployment === red ? blue.database : red.database);
    }
  });

  test('no login of the one gets into the database of the other', async () => {
    for (const [deployment, other] of [[red, blue], [blue, red]] as const) {
      for (const role of ['control', 'backup', PRODUCT].map((name) => `${deployment.prefix}_${name}`)) {
        expect(await loginRefusal(await deployment.roleUrl(role))).toBeUndefined();
        expect(await loginRefusal(await deployment.roleUrl(role, other.database))).toBe(CONNECT_DENIED);
      }
      expect(await loginRefusal(deployment.migratorUrl(other.database))).toBe(CONNECT_DENIED);
    }
  });

  test('the migrator of the one can neither become, nor change, nor let in a role of the other', async () => {
    const session = await RoleSession.open(red.migratorUrl(red.database));
    try {
      const before = await rolesOf(blue);
      for (const role of ['owner', 'control', 'backup', PRODUCT].map((name) => `${BLUE}_${name}`)) {
        for (const sql of [`SET ROLE ${role}`, `GRANT ${role} TO CURRENT_USER`, `ALTER ROLE ${role} PASSWORD 'mine'`, `ALTER ROLE ${role} SUPERUSER`, `DROP ROLE ${role}`, `COMMENT ON ROLE ${role} IS 'mine'`]) {
          expect({ sql, outcome: await session.attempt(sql) }).toEqual({ sql, outcome: { refused: '42501' } });
        }
      }
      expect(await rolesOf(blue)).toEqual(before);
    } finally {
      await session.close();
    }
  });

  test('a product sees the rows of its own id through the prefix, and a role without the prefix sees none', async () => {
    const mine = await RoleSession.open(await red.roleUrl(`${RED}_${PRODUCT}`));
    try {
      expect(await mine.rows('SELECT current_user AS role, (SELECT count(*)::int FROM core.monitoring_events) AS events')).toEqual([{ role: `${RED}_${PRODUCT}`, events: 1 }]);
      expect(await mine.attempt(`INSERT INTO core.monitoring_events (product_id, event_type, event_data) VALUES ('${RED}_${PRODUCT}', 'forged', '{}')`)).toEqual({ refused: '42501' });
    } finally {
      await mine.close();
    }
    // Even with every right on the table.
    const [, , rows] = await asSuperuser(red.database, 'BEGIN; CREATE ROLE testredcoding_rule2; GRANT USAGE ON SCHEMA core TO testredcoding_rule2; GRANT SELECT ON core.monitoring_events TO testredcoding_rule2', 'SET ROLE testredcoding_rule2', 'SELECT count(*)::int FROM core.monitoring_events', 'ROLLBACK');
    expect(rows?.rows).toEqual([{ count: 0 }]);
  });

  test('a deployment that takes the prefix of another, or moves into its database, is told which setting keeps them apart', async () => {
    const intruder = { NAGAYA_ROLE_SECRET: 'the secret of somebody else, long enough for a test' };
    const before = [await rolesOf(red), await rolesOf(blue)];
    await expect(blue.migrate({ NAGAYA_ROLE_PREFIX: 'testgreen' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`NAGAYA_ROLE_PREFIX=${BLUE}`) });
    const elsewhere = `${blue.database}_intruder`;
    await blue.createDatabase(elsewhere);
    const intrusion = blue.migrate({ ...intruder, NAGAYA_ROLE_PREFIX: RED, DATABASE_URL: blue.migratorUrl(elsewhere) });
    await expect(intrusion).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/"testred_owner".* not belong to this Nagaya deployment.*NAGAYA_ROLE_PREFIX/) });
    expect([await rolesOf(red), await rolesOf(blue)]).toEqual(before);
  });

  test('changing the secret of the one leaves the other in service, with its passwords and marks', async () => {
    const others = await rolesOf(blue);
    const next = { NAGAYA_ROLE_SECRET: 'the next secret of red, long enough for a test', NAGAYA_ROLE_SECRET_PREVIOUS: red.env['NAGAYA_ROLE_SECRET'] ?? '' };
    const roles = await rotateSecret(await red.open(next));
    expect(roles).toEqual([
      { role: `${RED}_backup`, password: 'kept' },
      { role: `${RED}_${PRODUCT}`, password: 'changed' },
      { role: `${RED}_control`, password: 'changed' },
      { role: `${RED}_owner`, password: 'kept' },
    ]);
    expect(await rolesOf(blue)).toEqual(others);
    expect(await loginRefusal(await blue.roleUrl(`${BLUE}_${PRODUCT}`))).toBeUndefined();
    expect((await ask(blue, 'GET', 'events')).status).toBe(200);
    await rotateSecret(await red.open({ NAGAYA_ROLE_SECRET_PREVIOUS: next.NAGAYA_ROLE_SECRET }));
  });

  test('a backup of the one is restored whole by the other, with its own roles in every policy', async () => {
    const { id } = (await red.run(['backup', 'create'])) as { id: string };
    const inherited = `${blue.database}_inherited`;
    await blue.createDatabase(inherited);
    const there = { DATABASE_URL: blue.migratorUrl(inherited), NAGAYA_BACKUP_TO: red.env['NAGAYA_BACKUP_TO'] ?? '' };
    await blue.run(['restore', id, '--into', inherited], { NAGAYA_BACKUP_TO: there.NAGAYA_BACKUP_TO });
    expect(await blue.diagnose(there)).toMatchObject({ errors: [], drift: { core: 'in_step', monitoring: 'in_step', [PRODUCT]: 'in_step' } });
    const product = await RoleSession.open(await blue.roleUrl(`${BLUE}_${PRODUCT}`, inherited));
    try {
      expect(await product.rows(`SELECT event_data ->> 'deployment' AS of FROM core.monitoring_events WHERE event_type = 'moved-in'`)).toEqual([{ of: RED }]);
    } finally {
      await product.close();
    }
    const named = await superuserRows(inherited, `SELECT DISTINCT pg_get_userbyid(r) AS role FROM pg_policy p, unnest(p.polroles) r WHERE r <> 0 ORDER BY 1`);
    expect(named).toEqual([{ role: `${BLUE}_backup` }, { role: `${BLUE}_control` }]);
  }, PATIENCE_MS);

  test('a product that the one drops stays with the other', async () => {
    await red.withDatabases(async (databases, cluster) => {
      const life = { databases, cluster, house: HOUSE };
      await archiveProduct(life, PRODUCT, 0, async () => {});
      expect(await dropProduct(life, PRODUCT)).toBe(true);
    });
    expect((await rolesOf(red)).map(({ rolname }) => rolname)).not.toContain(`${RED}_${PRODUCT}`);
    expect((await ask(blue, 'GET', 'mistake-patterns/whose')).body).toMatchObject({ patternDescription: BLUE });
    expect((await rolesOf(blue)).map(({ rolname }) => rolname)).toContain(`${BLUE}_${PRODUCT}`);
    expect((await blue.diagnose()).errors).toEqual([]);
  });
});
