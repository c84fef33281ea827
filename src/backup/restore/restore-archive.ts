import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { connectionEnvironment } from '../client/connection-environment.js';
import type { SchemaArchive } from '../archive/manifest.js';
import type { ClientPrograms } from '../client/programs.js';
import { outputOf, runProgram, type ProgramRun } from '../client/run-program.js';
import { withScratchFolder } from '../scratch-folder.js';
import { fingerprintCheck, rowsCheck, type RestoreScript } from './restore-script.js';

export interface RestoreArchiveOptions {
  readonly programs: ClientPrograms;
  /** The login that restores. */
  readonly url: string;
  /** Where pg_restore reads the archive. */
  readonly path: string;
  readonly script: RestoreScript;
  /** False in a scratch database, whose server need not have the roles that policies name. */
  readonly withPolicies: boolean;
  /** Fingerprints are of one major version; another prints the same definition otherwise. */
  readonly sameMajor: boolean;
  readonly signal: AbortSignal;
}

/** Before the transaction, whose own time-out is counted from its beginning; asked by name, as that one is there from PostgreSQL 17 on. */
const PATIENT = `SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');`;

/** Entries of an archive that the script around it takes the place of. */
const ALWAYS_LEFT_OUT = /^\d+; \d+ \d+ (SCHEMA|COMMENT - SCHEMA) /;
const POLICIES = /^\d+; \d+ \d+ (POLICY|ROW SECURITY) /;

/**
 * Restores one schema in one transaction, compares it with what was dumped, and commits only where it is the same. Whatever
 * interrupts it leaves the database as it was.
 * @throws ProgramFailure with psql's or pg_restore's words
 */
export async function restoreArchive(archive: SchemaArchive, options: RestoreArchiveOptions): Promise<void> {
  const { programs, path, script, signal } = options;
  const environment = connectionEnvironment(options.url, 'nagaya-restore');
  await withScratchFolder(async (scratch) => {
    const entries = await listArchive(programs, path, signal);
    const list = join(scratch, 'list');
    const wanted = entries.filter((line) => !ALWAYS_LEFT_OUT.test(line) && (options.withPolicies || !POLICIES.test(line)));
    await writeFile(list, wanted.join('\n'));
    const psql = runProgram(programs.psql, ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--no-password', '--output=/dev/null', '--file=-'], { environment, signal });
    const ready = isReady(psql);
    // Awaited at the end; what ends psql before is told by `ended`.
    ready.catch(() => {});
    const feed = async (): Promise<void> => {
      // A broken connection rolls back, as everything else that ends psql does.
      await say(psql, PATIENT, 'BEGIN;', ...script.before);
      await pour(programs, ['--section=pre-data', '--section=data'], list, path, psql, signal);
      await say(psql, rowsCheck(archive));
      await pour(programs, ['--section=post-data'], list, path, psql, signal);
      await say(psql, ...(options.sameMajor ? [fingerprintCheck(archive)] : []), ...script.after, `\\echo ${READY}`);
      // Only once all of it is done: what is already in the pipe would be carried out even if this process were killed.
      await ready;
      psql.stdin.end('COMMIT;\n');
    };
    const [fed, ended] = await Promise.allSettled([feed().catch((error: unknown) => {
      // Without its end, psql would wait for more, and then commit nothing.
      psql.stdin.destroy();
      throw error;
    }), psql.ended]);
    // psql says why it stopped taking input; only where it did not is it the archive's reader that failed.
    if (ended.status === 'rejected') throw ended.reason;
    if (fed.status === 'rejected') throw fed.reason;
  });
}

const READY = 'nagaya: ready to commit';

/** Until psql has come to the end of what it was given. @throws where it ended before */
async function isReady(psql: ProgramRun): Promise<void> {
  const said = new Promise<boolean>((resolve) => createInterface({ input: psql.stdout }).on('line', (line) => line === READY && resolve(true)));
  if (!(await Promise.race([said, psql.ended.then(() => false)]))) throw new Error('psql ended before the end of the restore.');
}

/** The archive's table of contents. @throws ProgramFailure for what is no archive, or a newer one */
export async function listArchive(programs: ClientPrograms, path: string, signal: AbortSignal): Promise<string[]> {
  return (await outputOf(programs.pgRestore, ['--list', path], { environment: {}, signal })).split('\n');
}

async function say(psql: ProgramRun, ...statements: string[]): Promise<void> {
  for (const statement of statements) {
    if (!psql.stdin.write(`${statement}\n`)) await Promise.race([once(psql.stdin, 'drain'), psql.ended]);
  }
}

/** pg_restore's SQL into psql; psql stays open for more. */
async function pour(programs: ClientPrograms, sections: readonly string[], list: string, path: string, psql: ProgramRun, signal: AbortSignal): Promise<void> {
  const reader = runProgram(programs.pgRestore, [...sections, '--no-owner', '--no-acl', `--use-list=${list}`, '--file=-', path], { environment: {}, signal });
  reader.stdin.end();
  await Promise.all([pipeline(reader.stdout, psql.stdin, { end: false, signal }), reader.ended]);
}
