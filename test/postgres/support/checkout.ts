import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../support/process.js';

const TAKEN = ['src', 'migrations', 'clients', 'test', 'scripts', 'docs', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'ormconfig.ts', '.oxlintrc.json', '.dependency-cruiser.cjs'];

/** A copy of this checkout that shares its packages: what is written and built there stays there. */
export interface Checkout {
  readonly root: string;
  /** Runs a command in it and answers all that it printed. @throws Error with that where it fails */
  run(command: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function copyCheckout(): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), 'nagaya-checkout-'));
  for (const name of TAKEN) await cp(join(ROOT, name), join(root, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return { root, run: (command, ...args) => run(root, command, args), remove: () => rm(root, { recursive: true, force: true }) };
}

async function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd, env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${printed}`);
  return printed;
}
