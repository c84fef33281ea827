// npm run bench [-- NAME…] [--part PART…] [--quick] [--json] [--keep]: measures on the server of TEST_DATABASE_ADMIN_URL, each figure beside
// what it is compared with. --keep leaves databases that take long to fill on the server, and measures on what an earlier run filled.
import 'reflect-metadata';
import { readdir } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { print, printJson, printTable } from '../src/commands/output.js';
import { Bed } from './bed.js';
import { meetsTarget, type Benchmark, type Figure } from './benchmark.js';

const SUFFIX = '.bench.js';

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

/** The benchmarks whose names are given, or all. */
async function chosenBenchmarks(): Promise<Benchmark[]> {
  const files = (await readdir(new URL('.', import.meta.url))).filter((file) => file.endsWith(SUFFIX)).sort();
  const all = await Promise.all(files.map(async (file) => ((await import(new URL(file, import.meta.url).href)) as { benchmark: Benchmark }).benchmark));
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}; there are ${all.map((benchmark) => benchmark.name).join(', ')}.`);
  const chosen = names.length === 0 ? all : all.filter((benchmark) => names.includes(benchmark.name));
  const missing = names.length === 0 ? undefined : chosen.map((benchmark) => benchmark.missing?.()).find((text) => text !== undefined);
  if (missing !== undefined) throw new Error(missing);
  const parts = chosen.flatMap((benchmark) => benchmark.parts ?? []);
  const strange = flags.part.filter((part) => !parts.includes(part));
  if (strange.length > 0) throw new Error(`There is no part ${strange.join(', ')}; there are ${parts.join(', ')}.`);
  return chosen;
}

async function describeMachine(adminUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ server: string; vector: string | null }>(
      `SELECT current_setting('server_version') AS server, (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS vector`,
    );
    const cores = cpus();
    return `${cores.length} × ${cores[0]?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB; Node ${process.versions.node}, PostgreSQL ${rows[0]?.server}, pgvector ${rows[0]?.vector}`;
  } finally {
    await client.end();
  }
}

function rowOf(figure: Figure): string[] {
  const { what, value, unit, ratio, target } = figure;
  const wanted = target?.atLeast !== undefined ? `≥ ${target.atLeast}` : target?.atMost !== undefined ? `≤ ${target.atMost}` : '';
  const verdict = target === undefined ? '' : meetsTarget(figure) ? 'met' : 'missed';
  return [what, `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`, ratio === undefined ? '' : ratio.toFixed(2), wanted, verdict];
}

const adminUrl = process.env['TEST_DATABASE_ADMIN_URL'];
if (adminUrl === undefined) throw new Error('TEST_DATABASE_ADMIN_URL names no server to measure on: a superuser\'s URL of one with pgvector.');
const results: { name: string; figures: readonly Figure[]; notes: string[] }[] = [];
const machine = await describeMachine(adminUrl);
if (!flags.json) print(flags.quick ? `${machine}\nQuick sizes: these figures show that it runs, nothing else.` : machine);
for (const benchmark of await chosenBenchmarks()) {
  const bed = new Bed(adminUrl, flags.quick, undefined, { parts: flags.part, keep: flags.keep && !flags.quick });
  if (!flags.json) print(`\n${benchmark.title} (${benchmark.name})`);
  // Asked for by its name it would have been an error; among all of them it is left out.
  const missing = benchmark.missing?.();
  if (missing !== undefined) {
    results.push({ name: benchmark.name, figures: [], notes: [missing] });
    if (!flags.json) print(`  ${missing}`);
    continue;
  }
  try {
    const figures = await benchmark.run(bed);
    results.push({ name: benchmark.name, figures, notes: [...bed.notes] });
    if (!flags.json) {
      printTable(['what', 'measured', 'ratio', 'to reach', ''], figures.map(rowOf));
      for (const note of bed.notes) print(`  ${note}`);
    }
  } finally {
    await bed.clear();
  }
}
if (flags.json) printJson({ machine, quick: flags.quick, results });
