import { setTimeout as delay } from 'node:timers/promises';

import { DemoApi } from './api.js';
import { workingDay } from './day/working-day.js';
import { EMBEDDING_NAME } from './feature-hash.js';
import { barProgress, plainProgress, silentProgress } from './progress.js';
import type { Progress } from './progress.js';
import { inherit, operatorView, search, topMistakes, violationsSince } from './read-day.js';
import type { DemoReport, SearchReport, WrittenCounts } from './report.js';
import { newRun, PRODUCT } from './run.js';
import { coloursThatAre } from './screen/colours.js';
import type { Colours } from './screen/colours.js';
import { inheritanceOnScreen } from './screen/inheritance.js';
import { mistakesOnScreen, violationsOnScreen } from './screen/mistakes.js';
import { operatorViewOnScreen } from './screen/operator-view.js';
import { searchesOnScreen } from './screen/searches.js';
import { writeDay } from './write-day.js';

export interface DemoOptions {
  /** Where Nagaya answers, e.g. `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  /** A product key of coding_rule2, or an operator key. */
  readonly apiKey: string;
  /** Shows the product's state as well; not needed where `apiKey` is an operator's. */
  readonly operatorKey?: string;
  /** Prints the report alone, as JSON. */
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
  readonly isTty: boolean;
  readonly colours: boolean;
  readonly signal?: AbortSignal;
}

const NARROW = 80;
const WIDE = 130;

/**
 * Plays a working day of a coding assistant through the REST API, searches it and prints what it found. May be run any number of
 * times: sessions carry the run's id, patterns are the same ones and their counts grow.
 * @throws AppError at the first answer that is not the expected one
 */
export async function playDemo(options: DemoOptions): Promise<DemoReport> {
  const api = new DemoApi(options.baseUrl, options.apiKey, options.signal);
  const colours = coloursThatAre(options.colours);
  const width = screenWidth(options.out);
  const show = (text: string): void => {
    if (!options.json) options.out.write(`${text}\n`);
  };
  const begun = performance.now();
  const run = newRun(new Date());

  show(`${colours.bold('A working day of a coding assistant')}, played at ${options.baseUrl} ${colours.dim(`(run ${run.id})`)}\n`);
  const written = await writeDay(api, workingDay, run, progressFor(options, colours));
  const writingSeconds = secondsSince(begun);

  const searches: SearchReport[] = [];
  for (const question of workingDay.questions) searches.push(await search(api, question, run, written.since));
  show(searchesOnScreen(searches, run.id, width, colours));

  const mistakes = await topMistakes(api);
  show(mistakesOnScreen(mistakes, width, colours));
  const violations = await violationsSince(api, written.since);
  show(violationsOnScreen(violations, colours));
  // One worker fell silent and one memory lasts two seconds: both are to be seen as they end.
  await delay(Math.max(0, written.settledFrom.getTime() - Date.now()), undefined, { signal: options.signal });
  const inheritance = await inherit(api, run);
  show(inheritanceOnScreen(inheritance, run.id, width, colours));
  const operator = await operatorView(api, operatorApi(options), run);
  show(operatorViewOnScreen(operator, width, colours));

  const report: DemoReport = {
    runId: run.id,
    baseUrl: options.baseUrl,
    embeddings: EMBEDDING_NAME,
    written: written.counts,
    writingSeconds,
    searches,
    topMistakes: mistakes,
    violations,
    inheritance,
    operator,
    seconds: secondsSince(begun),
  };
  if (options.json) options.out.write(`${JSON.stringify(report, null, 2)}\n`);
  else show(closingWords(report, colours));
  return report;
}

function operatorApi(options: DemoOptions): DemoApi | null {
  const key = options.operatorKey ?? (options.apiKey.startsWith('ngy_op_') ? options.apiKey : undefined);
  return key === undefined ? null : new DemoApi(options.baseUrl, key, options.signal);
}

function progressFor(options: DemoOptions, colours: Colours): Progress {
  if (options.json) return silentProgress();
  return options.isTty ? barProgress(options.out, colours) : plainProgress(options.out);
}

/** Columns of the terminal; a pipe has none. */
function screenWidth(out: NodeJS.WritableStream): number {
  const columns = 'columns' in out && typeof out.columns === 'number' ? out.columns : 100;
  return Math.min(WIDE, Math.max(NARROW, columns));
}

function secondsSince(begun: number): number {
  return Math.round((performance.now() - begun) / 10) / 100;
}

function closingWords(report: DemoReport, colours: Colours): string {
  const base = report.baseUrl.replace(/\/+$/, '');
  return [
    `\n${colours.bold(colours.green('Done.'))} Wrote ${countsInWords(report.written)} in ${report.writingSeconds} s; ${report.seconds} s in all.`,
    `  Read on: ${base}/docs`,
    `  Or ask:  curl -H "Authorization: Bearer $KEY" "${base}/v1/products/${PRODUCT}/mistake-patterns?limit=5"`,
  ].join('\n');
}

function countsInWords(written: WrittenCounts): string {
  return [
    `${written.conversations} conversations in ${written.sessions} sessions`,
    `${written.occurrences} occurrences of ${written.mistakePatterns} mistake patterns`,
    `${written.violations} violations`,
    `${written.memories} memories`,
    `${written.events} events`,
    `${written.metrics.toLocaleString('en')} metrics`,
    `${written.heartbeats} heartbeats`,
  ].join(', ');
}
