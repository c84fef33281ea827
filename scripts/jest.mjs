// Runs Jest on the suites that belong to an engine. Whatever it does not know itself goes to Jest: paths, -t, --watch, …
//
//   npm test                    unit, architecture, integration, e2e and embedded tests, on the embedded engine
//   npm run test:pg             integration, e2e, postgres and security tests, on the server of TEST_DATABASE_ADMIN_URL
//   … -- --suite pooler         what is told of PgBouncer, which has to be on the PATH
//   … -- --through-pgbouncer    what serves goes through a PgBouncer in front of the server; for the integration and e2e suites
//   … -- --suite unit           only that suite (or several, separated by commas)
//   … -- --results FILE         writes the results as JSON too
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SUITES = {
  embedded: ['unit', 'architecture', 'integration', 'e2e', 'embedded'],
  postgres: ['integration', 'e2e', 'postgres', 'security'],
};
/** Run when asked for by name: they need more than a server. */
const ON_REQUEST = { embedded: [], postgres: ['pooler'] };
const OWN_OPTIONS = { postgres: { type: 'boolean' }, 'through-pgbouncer': { type: 'boolean' }, suite: { type: 'string' }, results: { type: 'string' } };

/** Our own options, and everything else as it was typed. */
function readArguments(argv) {
  const { values, tokens } = parseArgs({ args: argv, options: OWN_OPTIONS, strict: false, tokens: true });
  const own = new Set();
  for (const token of tokens) {
    if (token.kind !== 'option' || !(token.name in OWN_OPTIONS)) continue;
    own.add(token.index);
    if (token.value !== undefined && !token.inlineValue) own.add(token.index + 1);
  }
  return { ...values, rest: argv.filter((_, index) => !own.has(index)) };
}

function refuse(message) {
  console.error(message);
  process.exit(1);
}

const { postgres, suite, results, rest, 'through-pgbouncer': throughPgBouncer = false } = readArguments(process.argv.slice(2));
const engine = postgres ? 'postgres' : 'embedded';

if (postgres && !process.env.TEST_DATABASE_ADMIN_URL) {
  refuse(`These tests run on a real PostgreSQL server, and TEST_DATABASE_ADMIN_URL does not name one. Start one and name it:

  docker compose up -d --wait postgres
  export TEST_DATABASE_ADMIN_URL=postgres://postgres:nagaya-dev@127.0.0.1:5432/postgres
  npm run test:pg
`);
}

/** Suites that use the service as its users do. The others look at the server's own sessions, or make roles that a pooler does not know. */
const BEHIND_POOLER = ['integration', 'e2e'];
if (throughPgBouncer && (!postgres || !suite?.split(',').every((name) => BEHIND_POOLER.includes(name)))) {
  refuse(`Through PgBouncer run the suites of a real server named ${BEHIND_POOLER.join(' and ')}: npm run test:pg -- --suite integration --through-pgbouncer`);
}

const chosen = suite?.split(',') ?? SUITES[engine];
const unknown = chosen.filter((name) => ![...SUITES[engine], ...ON_REQUEST[engine]].includes(name));
if (unknown.length > 0) refuse(`No suite ${unknown.join(', ')} on this engine; there are ${[...SUITES[engine], ...ON_REQUEST[engine]].join(', ')}.`);

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
// --selectProjects takes every word that follows it, so it comes last.
const options = [...rest, ...(results ? ['--json', `--outputFile=${results}`] : []), '--selectProjects', ...chosen];
const child = spawn(process.execPath, [jest, ...options], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_ENGINE: engine,
    TEST_THROUGH_PGBOUNCER: String(throughPgBouncer),
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
  },
});
// Ctrl-C reaches Jest by itself; a plain kill of this process would leave it running.
process.once('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
