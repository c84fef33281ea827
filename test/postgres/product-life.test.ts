import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startService, type RunningService } from '../../src/bootstrap.js';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createLogger } from '../../src/http/logging.js';
import { archiveProduct, dropProduct, restoreArchive, type LifeContext } from '../../src/life-cycle/product-life.js';
import { call } from './support/call.js';
import { fingerprintOf } from './support/fingerprint.js';
import { newLodger } from './support/lodger/lodger.js';
import { houseWith, migrateWith, startLodging, type Lodging } from './support/lodging.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const moving = newLodger();
const neighbour = newLodger();

let lodging: Lodging;
let life: LifeContext;
beforeAll(async () => {
  lodging = await startLodging([moving, neighbour]);
  const { cluster, databases } = lodging.service;
  life = { cluster, databases, house: houseWith([moving, neighbour]) };
  for (const { id } of [moving, neighbour]) {
    await lodging.request(id, 'POST', 'visits', { name: 'Kenji' });
    await lodging.request(id, 'POST', 'events', { eventType: 'moved-in', eventData: {} });
    await lodging.request(id, 'POST', 'metrics/batch', { items: [{ metricType: 'guests', metricValue: 1 }] });
  }
});
afterAll(() => lodging.stop());

const rows = <Row extends object>(sql: string) => superuserRows<Row>(lodging.database.name, sql);
const visits = async (id: string) => {
  const { status, body } = await lodging.request(id, 'GET', 'visits');
  return { status, body };
};
const nothingFirst = async (): Promise<void> => {};
const migrateAgain = async (): Promise<void> => {
  const failed = (await lodging.migrateAgain()).schemas.find((outcome) => outcome.error !== undefined);
  if (failed !== undefined) throw failed.error;
};
const schemas = async () => (await rows<{ name: string }>(`SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE '%${moving.id}' ORDER BY 1`)).map(({ name }) => name);
const sharedRows = (id: string) =>
  rows(`SELECT (SELECT count(*) FROM core.monitoring_events WHERE product_id = '${id}') AS events, (SELECT count(*) FROM monitoring.performance_metrics WHERE product_id = '${id}') AS metrics,
               (SELECT count(*) FROM core.api_keys WHERE product_id = '${id}') AS keys, (SELECT count(*) FROM core.products WHERE id = '${id}') AS products`);
const neighbourNow = async () => ({ schema: await fingerprintOf(lodging.database.name, neighbour.id), visits: await visits(neighbour.id), shared: await sharedRows(neighbour.id) });

describe('an archived product', () => {
  let before: unknown;
  beforeAll(async () => {
    before = await neighbourNow();
  });

  test('answers 403 product_archived; its schema is renamed and its login shut; migrate leaves it so', async () => {
    const archived = await archiveProduct(life, moving.id, 30, nothingFirst);
    expect(archived).toMatchObject({ id: moving.id, status: 'archived' });
    expect(Number(archived.dropAfter) - Number(archived.archivedAt)).toBeGreaterThan(29 * 86_400_000);
    await until(async () => (await visits(moving.id)).status === 403);
    expect((await visits(moving.id)).body).toMatchObject({ code: 'product_archived' });
    for (let run = 0; run < 2; run++) {
      expect(await schemas()).toEqual([`nagaya_archived_${moving.id}`]);
      expect(await rows(`SELECT rolcanlogin AS login, has_schema_privilege('${moving.id}', 'nagaya_archived_${moving.id}', 'USAGE') AS sees FROM pg_roles WHERE rolname = '${moving.id}'`)).toEqual([{ login: false, sees: false }]);
      expect((await lodging.migrateAgain()).schemas.map((outcome) => outcome.schema)).not.toContain(moving.id);
    }
  });

  test('archived again keeps its period', async () => {
    const [first] = await rows<{ dropAfter: Date }>(`SELECT drop_after AS "dropAfter" FROM core.products WHERE id = '${moving.id}'`);
    expect((await archiveProduct(life, moving.id, 0, () => Promise.reject(new Error('must not be done twice')))).dropAfter).toEqual(first?.dropAfter);
  });

  test('can not be resumed as if it were suspended, nor dropped before its time', async () => {
    await expect(dropProduct(life, moving.id)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('can be brought back until') });
    const operator = (await new ApiKeysService(lodging.service.databases).create({ name: 'test', productId: null })).key;
    const answer = await call(`${lodging.service.url}/v1/products/${moving.id}/resume`, 'POST', operator);
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'conflict' }]);
    expect(await schemas()).toEqual([`nagaya_archived_${moving.id}`]);
  });

  test('comes back with all its rows, and may be asked to twice', async () => {
    expect(await restoreArchive(life, moving.id, migrateAgain)).toMatchObject({ status: 'active', archivedAt: null, dropAfter: null });
    await until(async () => (await visits(moving.id)).status === 200);
    expect((await visits(moving.id)).body).toMatchObject({ items: [{ name: 'Kenji', role: moving.id }] });
    expect(await schemas()).toEqual([moving.id]);
    await expect(restoreArchive(life, moving.id, migrateAgain)).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a backup that fails before it leaves it in service', async () => {
    await expect(archiveProduct(life, moving.id, 30, () => Promise.reject(new Error('no room on the disk')))).rejects.toThrow('no room');
    expect((await visits(moving.id)).status).toBe(200);
  });

  test('cut off between its steps, it is finished by the next try, forwards or backwards', async () => {
    await rows(`UPDATE core.products SET status = 'archived' WHERE id = '${moving.id}'`);
    await restoreArchive(life, moving.id, migrateAgain);
    expect(await schemas()).toEqual([moving.id]);
    await rows(`UPDATE core.products SET status = 'archived' WHERE id = '${moving.id}'`);
    await archiveProduct(life, moving.id, 0, nothingFirst);
    expect(await schemas()).toEqual([`nagaya_archived_${moving.id}`]);
  });

  test('is dropped after its time with all that was its own, and nothing else', async () => {
    await rows(`UPDATE core.products SET drop_after = now() WHERE id = '${moving.id}'`);
    expect(await dropProduct(life, moving.id)).toBe(true);
    expect(await schemas()).toEqual([]);
    expect(await rows(`SELECT 1 FROM pg_roles WHERE rolname = '${moving.id}'`)).toEqual([]);
    expect(await sharedRows(moving.id)).toEqual([{ events: '0', metrics: '0', keys: '0', products: '0' }]);
    await expect(dropProduct(life, moving.id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await neighbourNow()).toEqual(before);
  });

  test('in service can not be dropped', async () => {
    await expect(dropProduct(life, neighbour.id)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('Only an archived product') });
  });
});

describe('two processes with other ACTIVE_PRODUCTS on one database', () => {
  const [left, right] = [newLodger(), newLodger()];
  const services: RunningService[] = [];
  let keys: Record<string, string> = {};
  beforeAll(async () => {
    const house = houseWith([left, right]);
    const configuration = { ...lodging.database.configuration, migrateOnStart: true };
    // Both at once, each migrating what it serves; the product of the other is not there yet, or is.
    services.push(...(await Promise.all([left, right].map(({ id }) => startService({ configuration: { ...configuration, activeProducts: [id] }, house, logger: createLogger('silent') })))));
    const apiKeys = new ApiKeysService(lodging.service.databases);
    for (const { id } of [left, right]) keys = { ...keys, [id]: (await apiKeys.create({ name: 'test', productId: id })).key };
  });
  afterAll(async () => {
    for (const service of services) await service.close();
    // The roles go with the products: their database is dropped by the one whose lodgers are known.
    await rows(`DROP SCHEMA ${left.id}, ${right.id} CASCADE`);
    for (const { id } of [left, right]) await rows(`DROP OWNED BY ${id}`);
    for (const { id } of [left, right]) await rows(`DROP ROLE ${id}`);
  });

  test('serve each its own and know nothing of the other', async () => {
    for (const [index, service] of services.entries()) {
      for (const { id } of [left, right]) {
        const isServed = id === [left, right][index]?.id;
        const visit = await call(`${service.url}/v1/products/${id}/visits`, 'POST', keys[id] ?? '', { name: 'Kenji' });
        expect({ id, index, status: visit.status }).toEqual({ id, index, status: isServed ? 201 : 404 });
      }
    }
  });

  test('the migration of one is not held up by one of the other that fails', async () => {
    const broken = newLodger('broken', left.id);
    const report = await migrateWith(lodging.database.configuration, houseWith([broken, right]));
    const outcomes = Object.fromEntries(report.schemas.map(({ schema, error }) => [schema, error === undefined ? 'good' : 'failed']));
    expect(outcomes).toMatchObject({ [left.id]: 'failed', [right.id]: 'good' });
    expect((await call(`${services[1]?.url}/v1/products/${right.id}/visits`, 'GET', keys[right.id] ?? '')).status).toBe(200);
  });
});
