import { AppError } from '../../errors/app-error.js';
import { ProgramFailure } from './run-program.js';

interface Explanation {
  readonly when: RegExp;
  readonly code: 'unavailable' | 'timeout' | 'conflict' | 'validation_failed';
  readonly says: string;
}

/** What PostgreSQL's programs, the disk and the bucket say, and what an operator does about it. The first that fits counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    when: /ENOSPC|EDQUOT|EFBIG|No space left on device|could not write .*(disk|space)|File too large/i,
    code: 'unavailable',
    says: 'There is no room left where it was written. Make room there, or name another place; what had been written of it was deleted.',
  },
  {
    when: /max_locks_per_transaction|out of shared memory/i,
    code: 'unavailable',
    says: 'The server has no room for so many locks in one transaction. Raise its max_locks_per_transaction (a restart), or take fewer at once: one schema (--schema), or NAGAYA_BACKUP_JOBS=1.',
  },
  {
    when: /lock timeout|lock_not_available/i,
    code: 'timeout',
    says: 'Another session kept a table locked for too long (a migration, a LOCK TABLE, a VACUUM FULL). Look for it in pg_stat_activity, wait for its end or end it, and try again.',
  },
  {
    when: /unsupported version .* in file header|archive.*newer|aborting because of server version mismatch/i,
    code: 'conflict',
    says: 'The archive was written by a newer pg_dump than the programs that are to read it. Install the client programs of that version, and restore to a server that is not older.',
  },
  {
    when: /does not support compression|unrecognized compression/i,
    code: 'conflict',
    says: 'These client programs were built without the compression that NAGAYA_BACKUP_COMPRESSION names. Name another (gzip is always there), or leave it out.',
  },
  {
    when: /does not appear to be a valid archive|did not find magic string|input file is too short|input file appears to be a text format dump|corrupt|unexpected end of file|could not read from input file|could not uncompress/i,
    code: 'validation_failed',
    says: 'The archive is damaged, cut off, or not one of pg_dump. Nothing was restored from it; take another backup.',
  },
  {
    when: /password authentication failed|role .* does not exist|no password supplied/i,
    code: 'unavailable',
    says: 'The login of the backup role was refused. Give "nagaya migrate" the same NAGAYA_BACKUP_SECRET once; it sets the password.',
  },
  {
    when: /row-level security policy|permission denied/i,
    code: 'conflict',
    says: 'The login may not read or write all that it has to. "nagaya doctor" says what departs from the plan, and "nagaya doctor --fix" mends it.',
  },
  {
    when: /ECONNREFUSED|Connection refused|server closed the connection|terminating connection|Connection terminated|could not connect/i,
    code: 'unavailable',
    says: 'The connection to the database was refused or broke off. Try again when the server is back.',
  },
];

/**
 * A failure of a backup or restore in words that say what to do; the program's own words follow, for operators.
 * @param what e.g. `The schema "tea_house" could not be dumped.`
 */
export function explainFailure(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const words = wordsOf(error);
  const found = EXPLANATIONS.find(({ when }) => when.test(words));
  return new AppError(found?.code ?? 'unavailable', [what, found?.says, `(${words.trim()})`].filter((part) => part !== undefined).join(' '), { cause: error });
}

function wordsOf(error: unknown): string {
  if (error instanceof ProgramFailure) return error.output === '' ? error.message : error.output;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return code + error.message;
}
