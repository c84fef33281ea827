// East Asian wide and fullwidth blocks (UAX #11) as far as Japanese, Chinese and Korean text goes: two columns each.
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;

const words = new Intl.Segmenter('ja', { granularity: 'word' });

/** Columns that a text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Breaks at words, also in Japanese, where there are no spaces; an ellipsis ends what does not fit into `maxLines`. */
export function wrap(text: string, columns: number, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces(text, columns)) {
    if (displayWidth((line + piece).trimEnd()) <= columns) {
      line += line === '' ? piece.trimStart() : piece;
      continue;
    }
    lines.push(line.trimEnd());
    line = piece.trimStart();
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  if (lines.length <= maxLines) return lines;
  const kept = lines.slice(0, maxLines);
  return [...kept.slice(0, -1), withEllipsis(kept.at(-1) ?? '', columns)];
}

/** One line of at most `columns`. */
export function clip(text: string, columns: number): string {
  return displayWidth(text) <= columns ? text : withEllipsis(text, columns);
}

function withEllipsis(text: string, columns: number): string {
  const characters = Array.from(text);
  while (displayWidth(characters.join('')) > columns - 1) characters.pop();
  return `${characters.join('')}…`;
}

/** What must stay on one line: words with their punctuation, names such as `to_dict()`; none wider than a line. */
function pieces(text: string, columns: number): string[] {
  const joined: string[] = [];
  for (const { segment } of words.segment(text.replace(/\s+/gu, ' '))) {
    const last = joined.at(-1) ?? ' ';
    if (last !== ' ' && segment !== ' ' && belongTogether(last, segment) && displayWidth(last + segment) <= columns) joined[joined.length - 1] = last + segment;
    else if (displayWidth(segment) <= columns) joined.push(segment);
    else joined.push(...Array.from(segment));
  }
  return joined;
}

function belongTogether(last: string, next: string): boolean {
  const opens = /[\p{Ps}\p{Pi}]$/u.test(last);
  const closes = /^[\p{Pe}\p{Pf}\p{Po}ーっゃゅょ]+$/u.test(next);
  // Without East Asian characters only spaces separate words.
  return opens || closes || !(WIDE.test(last) || WIDE.test(next));
}
