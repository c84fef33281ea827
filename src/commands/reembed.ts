import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import type { Databases } from '../database/databases.js';
import { Embeddings } from '../embeddings/embeddings.js';
import type { KeptVectors, VectorKeeper } from '../embeddings/vector-keeper.js';
import { AppError } from '../errors/app-error.js';
import { JobRunner } from '../jobs/job-runner.js';
import { commandContext } from './context.js';
import { withParts } from './house-context.js';
import { print, printJson, printTable, progressBar, progressPrinter } from './output.js';
import { stopSignal } from './stop-signal.js';
import { UsageError } from './usage-error.js';

interface ReembedFlags {
  product: string;
  model?: string;
  dryRun?: true;
  json?: true;
}

const LOOK_EVERY_MS = 250;
const LINE_EVERY_MS = 2_000;
/** Columns hold it. */
const MODEL_MAX = 100;

export function defineReembed(reembed: Command): void {
  reembed
    .option('--product <id>', 'whose', 'coding_rule2')
    .option('--model <name>', 'the model to change over to; default: NAGAYA_EMBEDDINGS_MODEL')
    .option('--dry-run', 'only tell what there is, and what would be computed')
    .option('--json', 'print JSON')
    .action(runReembed);
}

/** Works beside services that run, or alone; whoever is interrupted, the other goes on, and so does the next run. */
async function runReembed(flags: ReembedFlags): Promise<void> {
  const context = commandContext();
  const { embeddings } = context.configuration;
  if (embeddings === undefined) throw new UsageError('Nobody computes embeddings: give NAGAYA_EMBEDDINGS_URL and NAGAYA_EMBEDDINGS_MODEL, as the services have them.');
  if (!context.house.products.some(({ id }) => id === flags.product)) throw new UsageError(`There is no product ${flags.product}; there are ${context.house.products.map(({ id }) => id).join(', ')}.`);
  const model = flags.model ?? embeddings.model;
  if (model.trim() === '' || model.length > MODEL_MAX) throw new UsageError(`--model takes a name of 1 to ${MODEL_MAX} characters.`);
  await withParts(
    context,
    async (parts, databases) => {
      const keeper = parts.get(Embeddings, { strict: false }).keeperOf(flags.product);
      if (keeper === undefined) throw new UsageError(`${flags.product} keeps no embeddings.`);
      if (flags.dryRun) return tellWhatThereIs(keeper, model, flags.json ?? false);
      await keeper.begin(model);
      const kept = await follow(keeper, databases, parts.get(JobRunner, { strict: false }), !flags.json);
      if (flags.json) return printJson({ product: flags.product, model, items: kept });
      for (const { name, done, refused } of kept) {
        print(`${pc.green('✓')} ${name}: ${count(done)} computed anew${refused > 0 ? `, of which the provider has no vector for ${count(refused)}` : ''}`);
      }
      print(`Searches of ${flags.product} compare vectors of ${pc.bold(model)} now.`);
    },
    `${flags.product}.embeddings`,
  );
}

/** Until all is changed over, whoever does it. @throws AppError where the job fails or is told to stop */
async function follow(keeper: VectorKeeper, databases: Databases, runner: JobRunner, isShown: boolean): Promise<KeptVectors[]> {
  const stop = stopSignal('Stopping after the rows at hand. A service that runs goes on with it, and so does the next "nagaya reembed".');
  const show = progress(isShown);
  const [began] = await databases.control.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  try {
    for (;;) {
      // Takes the work up as soon as nobody else has it.
      void runner.tick();
      const kept = await keeper.look();
      const open = kept.filter(({ nextModel }) => nextModel !== null);
      if (open.length === 0) return kept;
      const done = sum(kept.map((each) => each.done));
      const total = Math.max(sum(kept.map((each) => each.total)), done);
      show.update(done, total, open[0]!.name);
      if (stop.signal.aborted) throw new AppError('unavailable', `Interrupted: ${count(done)} of ${count(total)} rows are done, and searches use the model that they used before.`);
      await failIfItFails(keeper.jobName, databases, began!.now);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    show.stop();
    stop.done();
  }
}

/** A bar on a terminal, a line every few seconds elsewhere. */
function progress(isShown: boolean): { update: (done: number, total: number, what: string) => void; stop: () => void } {
  if (isShown && process.stderr.isTTY) return progressBar(true, 'embeddings');
  const { step } = progressPrinter(isShown);
  let shownAt = -Infinity;
  let shownDone = 0;
  return {
    update: (done, total, what) => {
      // That it has begun is told at once.
      if (performance.now() - shownAt < LINE_EVERY_MS && (shownDone > 0 || done === 0)) return;
      shownAt = performance.now();
      shownDone = done;
      step(`${what}: ${count(done)} of ${count(total)} rows in all`);
    },
    stop: () => {},
  };
}

/** What has failed comes again in a service that runs; who waits here wants to know. */
async function failIfItFails(job: string, databases: Databases, since: Date): Promise<void> {
  const [failed] = await databases.control.query<{ error: string }>(
    'SELECT last_error AS error FROM core.jobs WHERE name = $1 AND last_error IS NOT NULL AND last_finished_at > $2',
    [job, since],
  );
  if (failed === undefined) return;
  throw new AppError('unavailable', `It does not go on: ${failed.error}. What is done stays done; searches use the model that they used before. Run it again when that is mended.`);
}

async function tellWhatThereIs(keeper: VectorKeeper, model: string, json: boolean): Promise<void> {
  const counts = (await keeper.countByModel()).map((each) => ({ ...each, toCompute: each.model === model ? 0 : each.rows }));
  const toCompute = sum(counts.map((each) => each.toCompute));
  if (json) return printJson({ product: keeper.productId, model, toCompute, items: counts });
  printTable(
    ['rows of', 'model', 'vector', 'rows', 'to compute'],
    counts.map((each) => [each.name, each.model ?? (each.hasVector ? 'not named' : '-'), each.hasVector ? 'yes' : 'no', count(each.rows), count(each.toCompute)]),
  );
  print(`${count(toCompute)} rows would be computed in ${model}; nothing was changed.`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function count(number: number): string {
  return number.toLocaleString('en-GB');
}
