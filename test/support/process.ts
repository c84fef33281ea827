import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestDatabase } from './database.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a verb of the built command line to its end, in an environment of its own; of another build where `root` names its checkout. */
export async function nagaya(args: readonly string[], env: Record<string, string>, root = ROOT): Promise<Ended> {
  const child = startProcess(join(root, 'dist/src/cli.js'), args, env);
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout: stdout(), stderr: stderr() };
}

/** Runs a verb until it says something that matches on standard error, then sends it a signal and waits for its end. */
export async function nagayaUntil(args: readonly string[], env: Record<string, string>, moment: RegExp, signal: NodeJS.Signals): Promise<Ended> {
  const child = startProcess(join(ROOT, 'dist/src/cli.js'), args, env);
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  let isSent = false;
  child.stderr?.on('data', () => {
    if (isSent || !moment.test(stderr())) return;
    isSent = true;
    child.kill(signal);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout: stdout(), stderr: stderr() };
}

/** A served process: where it listens, what it has printed so far, and how to end it. */
export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  output(): string;
  /** Sends the signal and waits for the end. @returns the exit status, null after a kill */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built service as a real process on a free port and waits until it says where it serves. */
export async function serve(env: Record<string, string>, root = ROOT): Promise<Served> {
  const child = startProcess(join(root, 'dist/src/main.js'), [], { PORT: '0', LOG_LEVEL: 'warn', ...env });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const output = (): string => stdout() + stderr();
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const match = /serves at (http\S+)[\s\S]*probes/.exec(stdout());
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('close', () => reject(new Error(`The service ended before it served:\n${output()}`)));
  });
  return {
    url,
    child,
    output,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'close') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** A worker process that has begun to work. */
export interface Working {
  /** Sends the signal and waits for the end. @returns the exit status, null after a kill */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export async function startWorker(env: Record<string, string>): Promise<Working> {
  const child = startProcess(join(ROOT, 'dist/src/cli.js'), ['worker'], env);
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => stdout().includes('The worker runs') && resolve());
    child.once('close', () => reject(new Error(`The worker ended before it worked:\n${stdout()}${stderr()}`)));
  });
  return {
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'close') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** The environment that names a test's database to a process. */
export function environmentOf({ configuration }: TestDatabase): Record<string, string> {
  const { databaseUrl, databaseAdminUrl, roleSecret, dataDir } = configuration;
  if (databaseUrl === undefined || roleSecret === undefined) return { NAGAYA_DATA_DIR: dataDir };
  return { DATABASE_URL: databaseUrl, ...(databaseAdminUrl && databaseAdminUrl !== databaseUrl && { DATABASE_ADMIN_URL: databaseAdminUrl }), NAGAYA_ROLE_SECRET: roleSecret };
}

/** Nothing of the test run's own environment but what a process needs to run at all. */
function startProcess(script: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [script, ...args], {
    // Not the checkout: a developer's .env there would point the process at a database of theirs.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[stream]?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}
