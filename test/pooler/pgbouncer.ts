import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { serverUrl } from '../support/engine.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';
import { until } from '../postgres/support/until.js';

const DOCUMENTED = new URL('../../deploy/pgbouncer/pgbouncer.ini', import.meta.url);
const VERIFIERS_SQL = `SELECT format('"%s" "%s"', rolname, rolpassword) AS line FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'`;

export interface Pooler {
  /** The database behind it, without a login. */
  readonly url: string;
  stop(): Promise<void>;
}

/** PgBouncer with the configuration that the documentation gives, but for where it listens and what stands behind it. */
export async function startPgBouncer(database: string): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), 'nagaya-pgbouncer-'));
  // PgBouncer refuses to run as root, where that is who runs the tests.
  await chmod(folder, 0o755);
  const users = join(folder, 'userlist.txt');
  await writeFile(users, (await superuserRows<{ line: string }>('postgres', VERIFIERS_SQL)).map((row) => row.line).join('\n'));
  const port = await freePort();
  const { hostname, port: serverPort } = new URL(serverUrl());
  const settings = (await readFile(DOCUMENTED, 'utf8'))
    .replace(/^nagaya = .*$/m, `${database} = host=${hostname} port=${serverPort || 5432} dbname=${database}`)
    .replace(/^listen_port = .*$/m, `listen_port = ${port}`)
    .replace(/^auth_file = .*$/m, `auth_file = ${users}`);
  await writeFile(join(folder, 'pgbouncer.ini'), `${settings}\nunix_socket_dir =\nlog_connections = 0\nlog_disconnections = 0\n`);
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...asNobody, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await Promise.race([until(() => listens(port)), ended.then(() => Promise.reject(new Error('PgBouncer ended by itself; these tests need version 1.21 or newer on the PATH.')))]);
  return {
    url: `postgresql://127.0.0.1:${port}/${database}`,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Refusing a login is an answer too. */
async function listens(port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'nobody', password: 'x', database: 'nowhere' });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    return error instanceof pg.DatabaseError;
  } finally {
    await client.end().catch(() => {});
  }
}
