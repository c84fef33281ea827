import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverUrl } from './engine.js';
import { asSuperuser } from './postgres-server.js';

const DOCUMENTED = new URL('../../deploy/pgbouncer/pgbouncer.ini', import.meta.url);
const VERIFIERS_SQL = `SELECT format('"%s" "%s"', rolname, rolpassword) AS line FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'`;

export interface Pooler {
  /** A database behind it, without a login. */
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/**
 * PgBouncer with the configuration that the documentation gives, but for where it listens and what stands behind it: every database of
 * the server under test, and the roles that it has by now.
 */
export async function startPgBouncer(): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), 'nagaya-pgbouncer-'));
  // PgBouncer refuses to run as root, where that is who runs the tests.
  await chmod(folder, 0o755);
  const users = join(folder, 'userlist.txt');
  const [verifiers] = await asSuperuser('postgres', VERIFIERS_SQL);
  await writeFile(users, ((verifiers?.rows ?? []) as { line: string }[]).map((row) => row.line).join('\n'));
  const port = await freePort();
  const { hostname, port: serverPort } = new URL(serverUrl());
  const settings = (await readFile(DOCUMENTED, 'utf8'))
    .replace(/^nagaya = .*$/m, `* = host=${hostname} port=${serverPort || 5432}`)
    .replace(/^listen_port = .*$/m, `listen_port = ${port}`)
    .replace(/^auth_file = .*$/m, `auth_file = ${users}`);
  await writeFile(join(folder, 'pgbouncer.ini'), `${settings}\nunix_socket_dir =\nlog_connections = 0\nlog_disconnections = 0\n`);
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...asNobody, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await Promise.race([listening(port), ended.then(() => Promise.reject(new Error('PgBouncer ended by itself; these tests need version 1.21 or newer on the PATH.')))]);
  return {
    urlOf: (database) => `postgresql://127.0.0.1:${port}/${database}`,
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

async function listening(port: number): Promise<void> {
  while (!(await listens(port))) await sleep(20);
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
