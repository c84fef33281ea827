// Checks that the entities and the migrations of every schema say the same: on a freshly migrated database,
// `migration:generate` must find nothing to do. On the server of TEST_DATABASE_ADMIN_URL, or else on the embedded engine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const root = fileURLToPath(new URL('..', import.meta.url));
const DATABASE = 'nagaya_test_drift';
const SECRET = process.env.NAGAYA_ROLE_SECRET ?? 'a secret that is only good for tests, and long enough';

const serverUrl = process.env.TEST_DATABASE_ADMIN_URL;
const scratch = mkdtempSync(join(tmpdir(), 'nagaya-drift-'));

// Set, if only to nothing: what is set wins over a developer's .env, which names a database of theirs.
const nothingElse = { DATABASE_URL: '', DATABASE_ADMIN_URL: '', NAGAYA_ROLE_SECRET: '', NAGAYA_BACKUP_SECRET: '', ACTIVE_PRODUCTS: '' };

function run(args, env) {
  return spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...nothingElse, ...env }, encoding: 'utf8' });
}

async function onServer(sql) {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** Roles belong to the whole server; those that this check made must not keep a deployment from moving in. */
async function dropOwnRoles() {
  const { roleComment } = await import('../dist/src/database/role-secret.js');
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT quote_ident(rolname) AS role FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = $1`, [roleComment(SECRET)]);
    // A role that another database still uses stays: a deployment with the same secret lives there.
    for (const { role } of rows) await client.query(`DROP ROLE ${role}`).catch(() => {});
  } finally {
    await client.end();
  }
}

async function prepare() {
  if (!serverUrl) return { NAGAYA_DATA_DIR: join(scratch, 'data') };
  await onServer(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await onServer(`CREATE DATABASE ${DATABASE}`);
  const url = new URL(serverUrl);
  url.pathname = `/${DATABASE}`;
  return { DATABASE_URL: url.href, NAGAYA_ROLE_SECRET: SECRET };
}

async function main() {
  const env = await prepare();
  const migrated = run(['dist/src/cli.js', 'migrate', '--json'], env);
  if (migrated.status !== 0) throw new Error(`nagaya migrate failed:\n${migrated.stdout}${migrated.stderr}`);
  let drifted = false;
  for (const { schema } of JSON.parse(migrated.stdout).schemas) {
    const args = ['--import', 'tsx', 'node_modules/typeorm/cli.js', 'migration:generate', '-d', 'ormconfig.ts', '--check', join(scratch, 'drift')];
    const check = run(args, { ...env, SCHEMA: schema });
    console.log(`${schema.padEnd(16)} ${check.status === 0 ? 'no drift' : 'DRIFT'}`);
    if (check.status === 0) continue;
    drifted = true;
    console.log(check.stdout + check.stderr);
  }
  return drifted ? 1 : 0;
}

try {
  process.exitCode = await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
  if (serverUrl) {
    await onServer(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await dropOwnRoles();
  }
}
