import type { Inheritance, InheritedItem } from '../report.js';
import type { Colours } from './colours.js';
import { wrap } from './display-width.js';
import { withoutRun } from './searches.js';
import { heading, table } from './table.js';

const REASON_WIDTH = 30;

export function inheritanceOnScreen(inheritance: Inheritance, runId: string, width: number, colours: Colours): string {
  const from = withoutRun(inheritance.fromSessionId, runId);
  const to = withoutRun(inheritance.sessionId, runId);
  const textWidth = Math.max(30, width - REASON_WIDTH - 28);
  const rows = inheritance.items.map((item) => [
    item.included ? colours.green('taken') : colours.yellow('left out'),
    String(item.memory.retentionPriority),
    item.memory.memoryType,
    wrap(memoryText(item), textWidth, 2).join('\n'),
    wrap(item.reason, REASON_WIDTH, 2).join('\n'),
  ]);
  return [
    heading(colours, `What session ${to} inherits from ${from}`),
    `  ${inheritance.usedTokens} of ${inheritance.budgetTokens} tokens used`,
    table(colours, ['', 'priority', 'type', 'memory', 'why'], rows, [1]),
  ].join('\n');
}

function memoryText(item: InheritedItem): string {
  const text = item.memory.memoryContent['text'];
  return typeof text === 'string' ? text : JSON.stringify(item.memory.memoryContent);
}
