import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A service in a process of its own, listening on 127.0.0.1. */
export interface ServingProcess {
  readonly url: string;
  /** Resident memory at this moment, bytes. Linux only. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** @param script relative to this folder's compiled form; prints `serves at <url>` once it listens */
export async function startServing(environment: Readonly<Record<string, string>>, script = '../src/main.js'): Promise<ServingProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], {
    // Not the checkout: a developer's .env there would point the process at a database of theirs.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', HOST: '127.0.0.1', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const match = /serves at (http\S+)/.exec(text);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('close', () => reject(new Error(`The process ended before it served:\n${text}`)));
  });
  return {
    url,
    residentBytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
