// Writes migrations/<schema>/fingerprint.json: what each migration makes on an empty database, object by object. `nagaya doctor
// --drift` and the drift job hold the live schemas against it.
//
//   npm run migrations:fingerprint                      all schemas
//   npm run migrations:fingerprint -- coding_rule2      only these
//   npm run migrations:fingerprint -- --check           change nothing, exit 1 where a file is not what it would be
//
// On the server of TEST_DATABASE_ADMIN_URL, or else on an embedded engine in a folder of its own; both give the same.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { readConfiguration } from '../dist/src/config/env.js';
import { AdminConnection } from '../dist/src/database/admin-connection.js';
import { openCluster } from '../dist/src/database/cluster.js';
import { readCatalogues } from '../dist/src/database/drift/catalogue.js';
import { FINGERPRINT_FILE, printOf } from '../dist/src/database/drift/fingerprint.js';
import { migrate } from '../dist/src/database/migrator.js';
import { roleComment } from '../dist/src/database/role-secret.js';
import { houseOf } from '../dist/src/house.js';
import { PRODUCTS } from '../dist/src/products/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const SECRET = process.env.NAGAYA_ROLE_SECRET || 'a secret that is only good for tests, and long enough';
const serverUrl = process.env.TEST_DATABASE_ADMIN_URL;
const house = houseOf(PRODUCTS);
const manifests = [...house.shared, ...house.products];

const check = process.argv.includes('--check');
const names = process.argv.slice(2).filter((argument) => argument !== '--check');
const unknown = names.filter((name) => !manifests.some(({ id }) => id === name));
if (unknown.length > 0) {
  console.error(`There is no schema ${unknown.join(', ')}; there are ${manifests.map(({ id }) => id).join(', ')}.`);
  process.exit(2);
}

async function onServer(work) {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await work(client).finally(() => client.end());
}

/** An empty database, and what takes it away again. */
async function scratch() {
  if (!serverUrl) {
    const folder = mkdtempSync(join(tmpdir(), 'nagaya-fingerprint-'));
    return { settings: { NAGAYA_DATA_DIR: join(folder, 'data') }, remove: async () => rmSync(folder, { recursive: true, force: true }) };
  }
  const database = `nagaya_test_fingerprint_${randomBytes(3).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`));
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  const remove = () =>
    onServer(async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      const { rows } = await client.query(`SELECT quote_ident(rolname) AS role FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = $1`, [roleComment(SECRET)]);
      // A role that another database still uses stays.
      for (const { role } of rows) await client.query(`DROP ROLE ${role}`).catch(() => {});
    });
  return { settings: { DATABASE_URL: url.href, NAGAYA_ROLE_SECRET: SECRET }, remove };
}

/** Migrates an empty database and looks at each schema after each of its migrations. */
async function takePrints(settings) {
  const configuration = readConfiguration({ LOG_LEVEL: 'silent', ...settings }, () => []);
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  const admin = await AdminConnection.open(cluster.adminUrl);
  const seen = new Map(manifests.map(({ id }) => [id, new Map()]));
  const prints = new Map(manifests.map(({ id }) => [id, []]));
  const products = house.products.map(({ id }) => id);
  try {
    const { schemas } = await migrate(cluster, house, {
      roleConnectionLimit: configuration.roleConnectionLimit,
      parallel: 1,
      onEvent: async (event) => {
        if (event.kind !== 'applied') return;
        const after = (await readCatalogues(admin, [event.schema], products)).get(event.schema);
        prints.get(event.schema).push(printOf(event.migration, seen.get(event.schema), after));
        seen.set(event.schema, after);
      },
    });
    const failed = schemas.find(({ error }) => error !== undefined);
    if (failed) throw failed.error;
    return prints;
  } finally {
    await admin.close();
    await cluster.close();
  }
}

const { settings, remove } = await scratch();
let stale = 0;
try {
  for (const [schema, migrations] of await takePrints(settings)) {
    if (names.length > 0 && !names.includes(schema)) continue;
    const file = join(root, 'migrations', schema, FINGERPRINT_FILE);
    const text = `${JSON.stringify({ migrations }, null, 2)}\n`;
    const isSame = existsSync(file) && readFileSync(file, 'utf8') === text;
    if (!isSame && check) stale++;
    if (!isSame && !check) writeFileSync(file, text);
    console.log(`${schema.padEnd(16)} ${isSame ? 'up to date' : check ? 'NOT WHAT THE MIGRATIONS MAKE: run npm run migrations:fingerprint' : 'written'}`);
  }
} finally {
  await remove();
}
process.exitCode = stale > 0 ? 1 : 0;
