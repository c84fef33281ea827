import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { programFolders } from '../../config/child-environment.js';
import { AppError } from '../../errors/app-error.js';
import { outputOf, ProgramFailure } from './run-program.js';

/** pg_dump, pg_restore and psql of one release. */
export interface ClientPrograms {
  readonly pgDump: string;
  readonly pgRestore: string;
  readonly psql: string;
  /** e.g. `17.12` */
  readonly version: string;
  readonly major: number;
  /** Whether they were built with zstd. */
  readonly zstd: boolean;
}

/** Where packages put the programs of one major version, beside the PATH, where there may be another. */
const usualFolders = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
];

/** What was found, and the pg_dump that it was found by as it was then: an upgrade puts another file there. */
interface Found {
  readonly programs: ClientPrograms;
  readonly stamp: string;
}

/** Trying them takes five processes, longer than a small backup itself; workers make many. By version and folders. */
const known = new Map<string, Found>();

/**
 * The client programs of the server's own major version: an older pg_dump refuses a newer server, and a newer one writes
 * archives that the server's own pg_restore may not read.
 * @param folder the only place to look in, where it is given
 * @throws AppError `unavailable` naming what was found and what to install
 */
export async function findPrograms(major: number, folder?: string): Promise<ClientPrograms> {
  const folders = folder === undefined ? [...programFolders(), ...usualFolders(major)] : [folder];
  const asked = `${major} ${folders.join(':')}`;
  const found = known.get(asked);
  if (found !== undefined && (await stampOf(found.programs.pgDump)) === found.stamp) return found.programs;
  const programs = await lookFor(major, folders);
  known.set(asked, { programs, stamp: await stampOf(programs.pgDump) });
  return programs;
}

async function stampOf(program: string): Promise<string> {
  return stat(program).then(
    ({ ino, size, mtimeMs }) => [ino, size, mtimeMs].join(' '),
    () => 'gone',
  );
}

async function lookFor(major: number, folders: readonly string[]): Promise<ClientPrograms> {
  const others: string[] = [];
  for (const place of new Set(folders)) {
    const version = await versionIn(place);
    if (version === undefined) continue;
    if (Number.parseInt(version, 10) !== major) {
      others.push(`${version} in ${place}`);
      continue;
    }
    const at = (name: string): string => join(place, name);
    return { pgDump: at('pg_dump'), pgRestore: at('pg_restore'), psql: at('psql'), version, major, zstd: await hasZstd(at('pg_dump')) };
  }
  throw new AppError(
    'unavailable',
    `The server is PostgreSQL ${major}, and its client programs (pg_dump, pg_restore, psql) of version ${major} are not here; ` +
      `found: ${others.length === 0 ? 'none' : others.join(', ')}. Install them (Debian and Ubuntu: postgresql-client-${major}; ` +
      `Alpine: postgresql${major}-client; macOS: postgresql@${major}), or name their folder in NAGAYA_PG_BIN.`,
  );
}

const QUIET = { environment: {}, signal: new AbortController().signal };

async function versionIn(folder: string): Promise<string | undefined> {
  try {
    for (const name of ['pg_dump', 'pg_restore', 'psql']) await access(join(folder, name), constants.X_OK);
    return /(\d+(?:\.\d+|devel|beta\d+|rc\d+)?)/.exec(await outputOf(join(folder, 'pg_dump'), ['--version'], QUIET))?.[1];
  } catch {
    return undefined;
  }
}

/** A program without it says so before it looks for a server; this one is never found. */
async function hasZstd(pgDump: string): Promise<boolean> {
  try {
    await outputOf(pgDump, ['--format=custom', '--compress=zstd:1', '--no-password', '--host=/nonexistent'], QUIET);
    return true;
  } catch (error) {
    return error instanceof ProgramFailure && !/not support|unrecognized compression/i.test(error.output);
  }
}
