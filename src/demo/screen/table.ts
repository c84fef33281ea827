import CliTable from 'cli-table3';

import type { Colours } from './colours.js';

const NO_LINES = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '',
  middle: '  ',
};

/** Columns without lines, two spaces apart. cli-table3 counts East Asian characters as two columns and colours as none. */
export function table(colours: Colours, head: readonly string[], rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string {
  const drawn = new CliTable({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: head.map((title) => colours.dim(title)),
    colAligns: head.map((_, column) => (rightAligned.includes(column) ? 'right' : 'left')),
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
}

export function heading(colours: Colours, text: string): string {
  return `\n${colours.bold(text)}`;
}
