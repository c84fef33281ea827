import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { TEST_SECRET } from '../../support/engine.js';

const DIST = new URL('../../../dist/src/', import.meta.url);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the build, as an operator would start it, and what it has said so far. */
export interface Spawned {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly said: () => string;
}

/** The command line in a process of its own, with an environment that holds nothing but what is given. */
export function spawnCli(args: readonly string[], databaseUrl: string, environment: Record<string, string> = {}): Spawned {
  return spawnFile('cli.js', args, databaseUrl, environment);
}

/** The service in a process of its own, on a free port. */
export async function spawnService(databaseUrl: string, environment: Record<string, string> = {}): Promise<Spawned & { readonly url: string }> {
  const spawned = spawnFile('main.js', [], databaseUrl, { PORT: '0', LOG_LEVEL: 'warn', ...environment });
  const url = await new Promise<string>((resolve, reject) => {
    spawned.process.stdout?.on('data', () => {
      const found = /serves at (http:\S+)/.exec(spawned.said());
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    spawned.ended.then(({ code, stderr }) => reject(new Error(`The service ended with ${code} before it served:\n${stderr}`)), reject);
  });
  return { ...spawned, url };
}

function spawnFile(file: string, args: readonly string[], databaseUrl: string, environment: Record<string, string>): Spawned {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, DIST)), ...args], {
    // Away from the checkout, whose .env would be read.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], NO_COLOR: '1', DATABASE_URL: databaseUrl, NAGAYA_ROLE_SECRET: TEST_SECRET, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, ended, said: () => stdout };
}
