import { randomBytes, randomInt } from 'node:crypto';
import { linkSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import { ownIdentity, stateOf, type ProcessIdentity } from './process-identity.js';

/** Who has the data folder, and where its server listens once it does. */
export interface Holder extends ProcessIdentity {
  readonly port?: number;
}

// A holder of another container can't be seen, only felt: it touches its lock this often, and is given up after that
// long without a touch. Too short would be worse than too long: two engines on one folder lose rows silently.
const TOUCH_EVERY_MS = 5_000;
const UNTOUCHED_MS = 30_000;

const LOCK_NAME = /^nagaya\.(\d+)\.lock$/;

/**
 * The right to open a data folder, held by at most one process. The engine takes no lock of its own.
 *
 * Each lock is a file with a number. One that a dead process left is never removed to make room, because two processes
 * that both found it dead could then remove each other's new one: the next higher number is claimed instead, which the
 * file system gives to exactly one (`link` fails where the name is taken). Lower ones are swept away afterwards.
 */
export class FolderLock {
  private readonly touching: NodeJS.Timeout;
  private readonly releaseAtExit = () => this.release();

  private constructor(
    private readonly path: string,
    private readonly identity: ProcessIdentity,
  ) {
    this.touching = setInterval(() => touch(path), TOUCH_EVERY_MS).unref();
    process.once('exit', this.releaseAtExit);
  }

  /** @throws AppError `conflict` that names the process which has the folder */
  static async acquire(folder: string): Promise<FolderLock> {
    for (;;) {
      const holder = await findHolder(folder);
      if (holder) throw inUse(folder, holder);
      const identity = ownIdentity();
      const number = Math.max(0, ...locksIn(folder).map((lock) => lock.number)) + 1;
      const path = join(folder, `nagaya.${number}.lock`);
      if (!writeNew(path, identity)) continue;
      // A listing made while another process swept may have missed its lock, so look once more, now that ours is seen.
      if (await findHolder(folder, path)) {
        // It may have seen ours, and be stepping back too: whoever comes again first has it.
        rmSync(path, { force: true });
        await sleep(20 + randomInt(200));
        continue;
      }
      for (const lock of locksIn(folder)) if (lock.path !== path) rmSync(lock.path, { force: true });
      return new FolderLock(path, identity);
    }
  }

  /** From now on others who want the folder find the server instead. */
  publish(port: number): void {
    const holder: Holder = { ...this.identity, port };
    const draft = `${this.path}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
    renameSync(draft, this.path);
  }

  release(): void {
    clearInterval(this.touching);
    process.off('exit', this.releaseAtExit);
    rmSync(this.path, { force: true });
  }
}

/** The living process that has the folder, if one has. May take half a minute where it runs in another container. */
export async function findHolder(folder: string, except?: string): Promise<Holder | undefined> {
  for (const { path } of locksIn(folder)) {
    if (path === except) continue;
    const holder = read(path);
    if (!holder) continue;
    const state = stateOf(holder);
    if (state === 'alive' || (state === 'unknown' && (await isTouched(path)))) return holder;
  }
  return undefined;
}

function inUse(folder: string, holder: Holder): AppError {
  return new AppError(
    'conflict',
    `The data folder ${folder} is in use by process ${holder.pid}. Stop that process first, or choose another folder (NAGAYA_DATA_DIR).`,
  );
}

function locksIn(folder: string): { path: string; number: number }[] {
  return readdirSync(folder).flatMap((name) => {
    const number = LOCK_NAME.exec(name)?.[1];
    return number === undefined ? [] : [{ path: join(folder, name), number: Number(number) }];
  });
}

/** False where the name is taken. The file is never seen half written. */
function writeNew(path: string, identity: ProcessIdentity): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, JSON.stringify(identity), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    // Gone in the meantime, or what a power cut left of it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isTouched(path: string): Promise<boolean> {
  const first = touchedAt(path);
  while (first !== undefined && Date.now() - first < UNTOUCHED_MS) {
    await sleep(500);
    if (touchedAt(path) !== first) return touchedAt(path) !== undefined;
  }
  return false;
}

function touchedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    // Somebody took the folder away. The engine will say so at its next write; here is nobody to tell.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
