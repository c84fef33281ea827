import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { childEnvironment } from '../../config/child-environment.js';

/** One of PostgreSQL's client programs that ended badly. `output` is the end of what it said on standard error. */
export class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure';

  constructor(
    readonly program: string,
    readonly status: number | null,
    readonly signal: string | null,
    readonly output: string,
  ) {
    super(`${program} ended with ${signal === null ? `status ${status}` : `signal ${signal}`}: ${output}`);
  }
}

export interface ProgramRun {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Ends when the program has; rejects with ProgramFailure where its status is not 0. */
  readonly ended: Promise<void>;
}

export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Each line of standard error, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Lines of standard error that are kept for the message; `--verbose` writes thousands. */
const LINES_KEPT = 12;

/** Starts a client program; when `signal` aborts it is killed, and `ended` rejects with the signal's reason. */
export function runProgram(path: string, args: readonly string[], options: ProgramOptions): ProgramRun {
  const child = spawn(path, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment(options.environment) });
  const program = path.split('/').at(-1) ?? path;
  const kill = (): void => void child.kill('SIGKILL');
  options.signal.addEventListener('abort', kill, { once: true });
  if (options.signal.aborted) kill();
  const ended = outcomeOf(child, program, options).finally(() => options.signal.removeEventListener('abort', kill));
  // Whoever reads standard output first learns of the end only afterwards.
  ended.catch(() => {});
  // A program that has ended takes no more input; why it ended is told by `ended`.
  child.stdin.on('error', () => {});
  return { stdin: child.stdin, stdout: child.stdout, ended };
}

async function outcomeOf(child: ChildProcessByStdio<Writable, Readable, Readable>, program: string, { signal, onLine }: ProgramOptions): Promise<void> {
  const kept: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    onLine?.(line);
    if (/: (error|fatal|detail|hint|warning):|ERROR|FATAL|DETAIL|HINT|out of memory/i.test(line) || kept.length === 0) kept.push(line);
    if (kept.length > LINES_KEPT) kept.splice(0, kept.length - LINES_KEPT);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, killedBy) => {
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('It was stopped.'));
      else if (status === 0) resolve();
      else reject(new ProgramFailure(program, status, killedBy, kept.join('\n')));
    });
  });
}

/** Runs a program to its end and answers what it printed. */
export async function outputOf(path: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const run = runProgram(path, args, options);
  run.stdin.end();
  let text = '';
  run.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await run.ended;
  return text;
}
