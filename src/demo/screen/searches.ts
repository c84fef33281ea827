import { EMBEDDING_NAME } from '../feature-hash.js';
import type { SearchReport } from '../report.js';
import type { Colours } from './colours.js';
import { wrap } from './display-width.js';
import { heading, table } from './table.js';

const SNIPPET_LINES = 2;

export function searchesOnScreen(searches: readonly SearchReport[], runId: string, width: number, colours: Colours): string {
  const sessionWidth = Math.max(...searches.flatMap((search) => search.hits.map((hit) => withoutRun(hit.sessionId, runId).length)), 7);
  const snippetWidth = Math.max(30, width - sessionWidth - 18);
  return [
    heading(colours, 'Searching the conversations by vector'),
    colours.dim(`  ${EMBEDDING_NAME}`),
    ...searches.map((search) => oneSearch(search, runId, snippetWidth, colours)),
  ].join('\n');
}

function oneSearch(search: SearchReport, runId: string, snippetWidth: number, colours: Colours): string {
  const rows = search.hits.map((hit, rank) => [
    rank === 0 ? colours.green(hit.similarity.toFixed(3)) : hit.similarity.toFixed(3),
    withoutRun(hit.sessionId, runId),
    wrap(hit.snippet, snippetWidth, SNIPPET_LINES).join('\n'),
  ]);
  const verdict = search.foundWhereExpected ? '' : colours.yellow(` (expected first: ${search.expectedSession})`);
  return [
    `\n  ${colours.cyan(`“${search.question}”`)} ${colours.dim(`${search.milliseconds} ms`)}${verdict}`,
    rows.length === 0 ? '  nothing found' : table(colours, ['similarity', 'session', 'what was said'], rows, [0]),
  ].join('\n');
}

/** Every session of a run ends in its id; on the screen that is noise. */
export function withoutRun(sessionId: string, runId: string): string {
  return sessionId.endsWith(`-${runId}`) ? sessionId.slice(0, -runId.length - 1) : sessionId;
}
