import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** A PostgreSQL server of one test file's own, which it may stop, freeze and fill up while others use the common one. */
export interface OwnServer {
  /** The superuser's URL of a database that has pgvector and nothing else. */
  readonly url: string;
  /** One connection that was there before anything else, and works on while the postmaster is stopped. */
  readonly admin: pg.Client;
  /** SIGSTOP to the postmaster and every backend: connections are taken by the kernel, and nobody answers on them. */
  freeze(): Promise<void>;
  /** SIGCONT to all that `freeze` stopped. */
  thaw(): void;
  stop(): Promise<void>;
}

/** @param settings as `postgres -c` takes them, e.g. `max_connections=30` */
export async function startOwnServer(...settings: readonly string[]): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nagaya-own-server-'));
  const user = await unprivileged();
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  await run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'], { cwd: folder, ...user }).catch((error: unknown) => {
    throw new Error('These tests start a server of their own: put the programs of PostgreSQL 16 or newer, with pgvector, on the PATH (initdb, postgres).', { cause: error });
  });
  const port = await freePort();
  const options = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, `port=${port}`, 'fsync=off', 'max_locks_per_transaction=256', ...settings];
  const postmaster = spawn('postgres', ['-D', data, ...options.flatMap((option) => ['-c', option])], { cwd: folder, stdio: 'ignore', ...user });
  const url = `postgresql://postgres@127.0.0.1:${port}/nagaya`;
  await makeDatabase(postmaster, port);
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query('CREATE SCHEMA extensions');
  await admin.query('CREATE EXTENSION vector SCHEMA extensions');
  let frozen: number[] = [];
  const thaw = (): void => {
    for (const pid of frozen) signal(pid, 'SIGCONT');
    frozen = [];
  };
  return {
    url,
    admin,
    freeze: async () => {
      // The postmaster first: then no backend is born between being counted and being stopped.
      frozen = [pidOf(postmaster)];
      postmaster.kill('SIGSTOP');
      const { rows } = await admin.query<{ pid: number; own: boolean }>('SELECT pid, pid = pg_backend_pid() AS own FROM pg_stat_activity ORDER BY own');
      for (const { pid } of rows) {
        frozen.push(pid);
        signal(pid, 'SIGSTOP');
      }
    },
    thaw,
    stop: async () => {
      thaw();
      await admin.end();
      const ended = once(postmaster, 'exit');
      postmaster.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** PostgreSQL refuses to run as root, where that is who runs the tests. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)));
  if (uid === undefined || gid === undefined) throw new Error('There is no user "nobody" to run PostgreSQL as.');
  return { uid, gid };
}

async function makeDatabase(postmaster: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (postmaster.exitCode !== null) throw new Error(`postgres ended by itself with status ${postmaster.exitCode}.`);
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('CREATE DATABASE nagaya');
      return;
    } catch {
      // It is starting up.
      await sleep(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('postgres was not started.');
  return pid;
}

/** One that has ended meanwhile needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
