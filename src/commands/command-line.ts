import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { ConfigurationError } from '../config/env.js';
import { AppError } from '../errors/app-error.js';
import { VERSION } from '../version.js';
import { UsageError } from './usage-error.js';
import { VERBS } from './verbs.js';

const DONE = 0;
const FAILED = 1;
const USED_WRONGLY = 2;

process.stdout.on('error', ignoreBrokenPipe);

/** Runs one verb. @returns the exit status: 0 done, 1 failed, 2 used wrongly */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command('nagaya')
    .description('Many AI products on one PostgreSQL cluster: a schema, a login role and a pool for each.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError();
  const wanted = nameOf(args);
  try {
    for (const { usage, summary, load } of VERBS) {
      const command = program.command(usage).description(summary);
      if (command.name() === wanted) (await load())(command);
    }
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? DONE);
  } catch (error) {
    return report(error);
  }
}

/** The verb that is asked for, or whose help is. */
function nameOf(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return words[0] === 'help' ? words[1] : words[0];
}

/** Who pipes into `head` has read enough; that is no failure, and a service goes on without its terminal. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** What went wrong, in words; a stack only where it is our mistake. */
function report(error: unknown): number {
  // Commander has printed its own message, and --help and --version end this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USED_WRONGLY;
  if (error instanceof UsageError || error instanceof ConfigurationError) {
    process.stderr.write(`${pc.red('error')}  ${error.message}\n`);
    return USED_WRONGLY;
  }
  process.stderr.write(`${pc.red('error')}  ${explain(error)}\n`);
  return FAILED;
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens where the database should be. Is the server running, and are host and port in DATABASE_URL right?',
  ENOTFOUND: "The database's host name is not known. Is DATABASE_URL right?",
  EADDRINUSE: 'The port is taken. Stop the other process, or choose another with PORT.',
  '28P01': 'The database refuses the login. Check the user and password in DATABASE_ADMIN_URL, and run "nagaya migrate" if NAGAYA_ROLE_SECRET is new.',
  '3D000': 'The database does not exist. Make it with: CREATE DATABASE … OWNER <migrator>;',
  '53300': 'The server has no connection left. Close some, or raise its max_connections.',
};

function explain(error: unknown): string {
  if (error instanceof AppError) return withFields(error);
  const code = codeOf(error);
  const hint = code === undefined ? undefined : HINTS[code];
  const message = error instanceof Error ? error.message || error.name : String(error);
  if (hint !== undefined) return `${hint}${message === '' ? '' : ` (${message})`}`;
  return error instanceof Error ? (error.stack ?? message) : message;
}

/** The message of invalid input points at the "errors" of an HTTP answer; here they stand below it. */
function withFields(error: AppError): string {
  const message = error.code === 'validation_failed' && error.fields.length > 0 ? "That can't be done as given:" : error.message;
  return [message, ...error.fields.map((field) => `  ${field.pointer} ${field.detail}`)].join('\n');
}

/** pg reports a host with several addresses as an AggregateError without a code of its own. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
