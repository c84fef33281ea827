import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
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

/** A server that only one test file uses, so that it may be made to run out of things. `initdb` and `postgres` are taken from the PATH. */
export class OwnServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async make(): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), 'nagaya-own-server-'));
    if (AS.uid !== undefined) await chown(folder, NOBODY, NOBODY);
    // Segments of 1 MB: files can be kept small without the log of changes being the first that is too large.
    await promisify(execFile)('initdb', ['--pgdata', join(folder, 'data'), '--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync', '--wal-segsize=1'], { ...AS, env: environment() });
    return new OwnServer(folder, await freePort());
  }

  url(database: string): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts it anew, with these limits and no others. */
  async restart({ settings = {}, largestFile }: Limits = {}): Promise<void> {
    await this.stop();
    const all = { port: this.port, listen_addresses: '127.0.0.1', unix_socket_directories: this.folder, fsync: 'off', max_locks_per_transaction: 128, dynamic_shared_memory_type: 'mmap', shared_buffers: '32MB', ...settings };
    const postgres = ['postgres', '-D', join(this.folder, 'data'), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const limit = largestFile === undefined ? '' : `ulimit -f ${Math.ceil(largestFile / 1_024)}; `;
    this.process = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...postgres], { ...AS, env: environment(), stdio: 'ignore' });
    await until(() => this.answers());
  }

  async query(database: string, ...statements: string[]): Promise<pg.QueryResult[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      const results: pg.QueryResult[] = [];
      for (const statement of statements) results.push(await client.query(statement));
      return results;
    } finally {
      await client.end();
    }
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async stop(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    // Its fast way: sessions are ended, nothing is lost.
    running.kill('SIGINT');
    await once(running, 'close');
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

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
