import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from './until.js';

/** PostgreSQL refuses to run as root; this one exists everywhere and owns nothing. */
const NOBODY = 65_534;
const AS = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface Limits {
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** No file may grow past so many bytes: what writes past it is told "File too large" by the kernel, where a full disk says "No space left on device". */
  readonly largestFile?: number;
}

/** A server that only one test file uses, so that it may be made to run out of things, frozen, and opened to anybody. `initdb` and `postgres` are taken from the PATH. */
export class OwnServer {
  private process: ChildProcess | undefined;
  private frozen: number[] = [];

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** One that does not run yet. */
  static async make(): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), 'nagaya-own-server-'));
    if (AS.uid !== undefined) await chown(folder, NOBODY, NOBODY);
    // Segments of 1 MB: files can be kept small without the log of changes being the first that is too large.
    const made = promisify(execFile)('initdb', ['--pgdata', join(folder, 'data'), '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync', '--wal-segsize=1'], { ...AS, cwd: folder, env: environment() });
    await made.catch((error: unknown) => {
      throw new Error('These tests start a server of their own: put the programs of PostgreSQL 16 or newer, with pgvector, on the PATH (initdb, postgres).', { cause: error });
    });
    return new OwnServer(folder, await freePort());
  }

  url(database: string): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts it anew, with these limits and no others. */
  async restart({ settings = {}, largestFile }: Limits = {}): Promise<void> {
    await this.stop();
    const all = { port: this.port, listen_addresses: '127.0.0.1', unix_socket_directories: this.folder, fsync: 'off', max_locks_per_transaction: 256, dynamic_shared_memory_type: 'mmap', shared_buffers: '32MB', ...settings };
    const postgres = ['postgres', '-D', join(this.folder, 'data'), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const limit = largestFile === undefined ? '' : `ulimit -f ${Math.ceil(largestFile / 1_024)}; `;
    this.process = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...postgres], { ...AS, cwd: this.folder, env: environment(), stdio: 'ignore' });
    await until(() => this.answers());
  }

  /** A connection that stays. */
  async connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    return client;
  }

  async query(database: string, ...statements: string[]): Promise<pg.QueryResult[]> {
    const client = await this.connect(database);
    try {
      const results: pg.QueryResult[] = [];
      for (const statement of statements) results.push(await client.query(statement));
      return results;
    } finally {
      await client.end();
    }
  }

  /** Who is let in, and how: the lines of pg_hba.conf, which the server reads when it comes to it. */
  async letIn(...lines: string[]): Promise<void> {
    await writeFile(join(this.folder, 'data', 'pg_hba.conf'), `${lines.join('\n')}\n`);
    await this.query('postgres', 'SELECT pg_reload_conf()');
  }

  /**
   * SIGSTOP to the postmaster and every backend: connections are taken by the kernel, and nobody answers on them.
   * @param admin a connection that was there before
   */
  async freeze(admin: pg.Client): Promise<void> {
    // The postmaster first: then no backend is born between being counted and being stopped.
    this.frozen = [pidOf(this.process)];
    this.process?.kill('SIGSTOP');
    const { rows } = await admin.query<{ pid: number; own: boolean }>('SELECT pid, pid = pg_backend_pid() AS own FROM pg_stat_activity ORDER BY own');
    for (const { pid } of rows) {
      this.frozen.push(pid);
      signal(pid, 'SIGSTOP');
    }
  }

  /** SIGCONT to all that `freeze` stopped. */
  thaw(): void {
    for (const pid of this.frozen) signal(pid, 'SIGCONT');
    this.frozen = [];
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async stop(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    this.thaw();
    // Its fast way: sessions are ended, nothing is lost.
    const ended = once(running, 'close');
    running.kill('SIGINT');
    await ended;
  }

  private async answers(): Promise<boolean> {
    if (this.process?.exitCode != null) throw new Error('The server ended while it started.');
    return this.query('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

function environment(): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}

function pidOf(process: ChildProcess | undefined): number {
  if (process?.pid === undefined) throw new Error('The server does not run.');
  return process.pid;
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
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
