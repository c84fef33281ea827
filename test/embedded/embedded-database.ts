import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'nagaya-embedded-'));
}

/** As if it had been made and stopped here. */
export function copyOf(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The same database, another login. */
export function urlFor(adminUrl: string, role: string, password = role): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
}

export async function connected(url: string, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...config });
  // A connection that the database ends: the query under way, or the next one, tells.
  client.on('error', () => {});
  await client.connect();
  return client;
}

export async function errorOf(action: Promise<unknown>): Promise<{ code?: string; message: string }> {
  try {
    await action;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error('That should have failed.');
}

/** A process of its own that runs `script` on the built code; what it prints comes line by line. */
export class Program {
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private readonly ended: Promise<number | null>;
  private readonly news = new EventEmitter();
  private over = false;

  constructor(script: string) {
    const built = new URL('../../dist/src/database/embedded/embedded-server.js', import.meta.url).href;
    const prelude = `import { startEmbedded, openEmbedded } from ${JSON.stringify(built)}; import pg from 'pg';\n`;
    this.child = spawn(process.execPath, ['--input-type=module', '--eval', prelude + script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    const lines = createInterface({ input: this.child.stdout ?? process.stdin });
    lines.on('line', (line) => {
      this.lines.push(line);
      this.news.emit('news');
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.over = true;
        this.news.emit('news');
        resolve(code);
      });
    });
  }

  get output(): readonly string[] {
    return this.lines;
  }

  /** Waits for a line that begins with one of these and answers it. */
  async line(...starts: string[]): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => starts.some((start) => line.startsWith(start)));
      if (found !== undefined) return found;
      if (this.over) throw new Error(`The program ended without a line ${starts.join(' or ')}: ${this.lines.join('\n')}`);
      await once(this.news, 'news');
    }
  }

  /** Ends its standard input, which the scripts take for «stop». */
  finish(): Promise<number | null> {
    this.child.stdin?.end();
    return this.ended;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
