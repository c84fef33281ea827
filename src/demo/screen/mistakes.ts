import type { KeyCount, MistakeRow, ViolationsSummary } from '../report.js';
import type { Colours } from './colours.js';
import { wrap } from './display-width.js';
import { heading, table } from './table.js';

export function mistakesOnScreen(mistakes: readonly MistakeRow[], width: number, colours: Colours): string {
  const typeWidth = Math.max(...mistakes.map((mistake) => mistake.patternType.length), 0);
  const rows = mistakes.map((mistake) => [
    String(mistake.occurrences),
    mistake.patternType,
    wrap(mistake.preventionActions?.[0] ?? mistake.patternDescription, Math.max(30, width - typeWidth - 12), 2).join('\n'),
  ]);
  return [heading(colours, 'Mistakes that come back most often (all runs together)'), table(colours, ['times', 'pattern', 'first thing that prevents it'], rows, [0])].join('\n');
}

export function violationsOnScreen(summary: ViolationsSummary, colours: Colours): string {
  const rate = summary.autoCorrectionRate === null ? 'no rate' : `${Math.round(summary.autoCorrectionRate * 100)} %`;
  return [
    heading(colours, 'Violations of this run'),
    `  ${summary.total} recorded, ${summary.autoCorrectedCount} corrected before anybody saw them (${rate})`,
    `  by severity: ${counts(summary.bySeverity)}`,
    `  by type:     ${counts(summary.byType)}`,
  ].join('\n');
}

function counts(list: readonly KeyCount[]): string {
  return list.map(({ key, count }) => `${key} ${count}`).join(', ');
}
