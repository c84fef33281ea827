// Looks through migrations, up and down, for what hurts a live system: what blocks traffic for long, and what takes away what running code reads.
// Squawk judges the statements; a few rules of this house, which it can't know, are below.
//
//   npm run lint:migrations                       all of migrations/
//   npm run lint:migrations -- migrations/core    only that folder, or that file
//
// What is meant is said in the migration's own file, with the reason, one line a rule:
//
//   // allow changing-column-type: the table holds a few dozen rows
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pc from 'picocolors';
import { captureStatements } from '../src/database/migrations/capture-statements.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const squawk = createRequire(import.meta.url).resolve('squawk-cli/js/bin/squawk');
const MIGRATION = /^\d{13}-[a-z0-9-]+\.ts$/;
const ALLOW = /^\s*\/\/ allow ([a-z-]+):[ \t]*(.*)$/gm;

/** The oldest server that Nagaya runs on. */
const PG_VERSION = '16.0';
const NOT_HERE = [
  // The migrator's connection carries lock_timeout, and comes again where it runs out; ours below sees to it that it stays.
  'require-lock-timeout', 'require-statement-timeout',
  // A failed migration is rolled back whole, so it need not be sent twice; where it is not, ours below asks for it.
  'prefer-robust-stmts',
  // Matters of taste on which the contract of the tables has decided.
  'prefer-text-field', 'prefer-bigint-over-int', 'prefer-bigint-over-smallint', 'prefer-identity',
];
/** Running code may still read it: no lint can know, but a migration that says `Breaking` has said that it knows. */
const BREAKS_RUNNING_CODE = new Set(['ban-drop-column', 'ban-drop-table', 'renaming-column', 'renaming-table']);

function migrationFiles(path) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? migrationFiles(join(path, entry.name)) : MIGRATION.test(entry.name) ? [join(path, entry.name)] : []))
    .sort((one, other) => (one < other ? -1 : 1));
}

async function load(file) {
  const exported = Object.values(await import(pathToFileURL(file).href)).find((value) => typeof value === 'function');
  if (exported === undefined) throw new Error(`${file} exports no migration.`);
  const instance = new exported();
  return { name: instance.name ?? exported.name, transactional: instance.transaction !== false, make: () => new exported() };
}

function askSquawk(statements, transactional) {
  const args = ['--reporter', 'json', '--pg-version', PG_VERSION, '--exclude', NOT_HERE.join(','), '--no-error-on-unmatched-pattern', ...(transactional ? ['--assume-in-transaction'] : []), '--stdin-filepath', 'migration.sql'];
  const run = spawnSync(process.execPath, [squawk, ...args], { input: `${statements.join(';\n')};\n`, encoding: 'utf8' });
  if (run.error || !run.stdout.trim().startsWith('[')) throw new Error(`squawk did not answer: ${run.error?.message ?? run.stderr}`);
  return JSON.parse(run.stdout).map(({ rule_name: rule, message, help, line }) => ({ rule, message: help ? `${message} ${help}` : message, near: lineOf(statements, line) }));
}

function lineOf(statements, line) {
  return `${statements.join(';\n')};`.split('\n')[line]?.trim() ?? '';
}

function ownRules(statements, transactional) {
  const findings = [];
  for (const sql of statements) {
    const near = sql.trim().split('\n')[0];
    if (/^\s*SET\b[^;]*\block_timeout\b/i.test(sql)) {
      findings.push({ rule: 'lock-timeout-changed', message: 'The migrator sets lock_timeout, so that live traffic is not queued behind a migration. Leave it.', near });
    }
    if (!transactional && /^\s*(?:CREATE|DROP|ALTER\s+TABLE\s+\S+\s+ADD)\b/i.test(sql) && !/\bIF\s+(?:NOT\s+)?EXISTS\b/i.test(sql)) {
      findings.push({ rule: 'not-repeatable', message: 'Without a transaction a crash leaves a part behind: say IF NOT EXISTS or IF EXISTS, so that it can be sent again.', near });
    }
  }
  if (!transactional && statements.length > 1) {
    findings.push({ rule: 'several-without-transaction', message: 'Without a transaction each statement stands alone: a migration for each.', near: statements[1].trim().split('\n')[0] });
  }
  return findings;
}

/**
 * The way back is taken on a live system too. That it drops what the way there has made is what it is for; dropping an index takes its lock for a
 * moment, and lock_timeout sees to it that nobody waits longer.
 */
async function lintDown(migration) {
  const { statements } = await captureStatements(migration, 'down');
  if (statements.length === 0) return [];
  return [...askSquawk(statements, migration.transactional), ...ownRules(statements, migration.transactional)]
    .filter(({ rule }) => !BREAKS_RUNNING_CODE.has(rule) && rule !== 'require-concurrent-index-deletion')
    .map((finding) => ({ ...finding, near: `down: ${finding.near}` }));
}

async function lint(file) {
  const migration = await load(file);
  const { statements, unknown } = await captureStatements(migration);
  const allowed = new Map([...readFileSync(file, 'utf8').matchAll(ALLOW)].map(([, rule, reason]) => [rule, reason]));
  const isBreaking = migration.name.includes('Breaking');
  const found = [...(statements.length > 0 ? askSquawk(statements, migration.transactional) : []), ...ownRules(statements, migration.transactional)];
  found.push(...(await lintDown(migration)));
  if (unknown?.includes('could not be read')) found.push({ rule: 'unreadable', message: unknown, near: '' });
  const problems = found
    .filter(({ rule }) => !(isBreaking && BREAKS_RUNNING_CODE.has(rule)) && !allowed.has(rule))
    .map((problem) => (BREAKS_RUNNING_CODE.has(problem.rule) ? { ...problem, message: `${problem.message} Put the word Breaking into the class name if the release before can't be served without it.` } : problem));
  for (const [rule, reason] of allowed) {
    if (reason.trim().length < 10) problems.push({ rule: 'allowed-without-reason', message: `It allows ${rule} and does not say why.`, near: '' });
    if (!found.some((finding) => finding.rule === rule)) problems.push({ rule: 'allowed-for-nothing', message: `It allows ${rule}, which nothing in it asks for.`, near: '' });
  }
  return problems;
}

const paths = process.argv.slice(2);
const files = (paths.length > 0 ? paths : [join(root, 'migrations')]).flatMap((path) => migrationFiles(resolve(path)));
let count = 0;
for (const file of files) {
  for (const { rule, message, near } of await lint(file)) {
    count++;
    console.log(`${pc.bold(relative(process.cwd(), file))}  ${pc.red(rule)}\n  ${message}${near === '' ? '' : `\n  ${pc.dim(near)}`}`);
  }
}
if (count > 0) console.log(`\nWhat is meant is said in the file with its reason: // allow <rule>: <why it does no harm here>`);
console.log(`${files.length} migrations, ${count} problem${count === 1 ? '' : 's'}${files.length === 1 ? ` in ${basename(files[0])}` : ''}`);
process.exitCode = count > 0 ? 1 : 0;
