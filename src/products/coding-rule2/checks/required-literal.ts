/** Shorter ones are in nearly every text and tell nothing. */
const SHORTEST = 3;

/**
 * A text, lower-cased, that every match of the expression contains; undefined where none is found. Looking for it first
 * spares running most expressions. Careful rather than clever: alternatives, groups and classes tell nothing.
 */
export function requiredLiteral(expression: string): string | undefined {
  if (expression.includes('|') || expression.includes('\\Q') || /\(\?/.test(expression.replace(/^\(\?i\)/, ''))) return undefined;
  const runs: string[] = [];
  let run = '';
  const end = () => {
    runs.push(run);
    run = '';
  };
  const characters = Array.from(expression.replace(/^\(\?i\)/, ''));
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '\\') {
      end();
      const escaped = characters[++at] ?? '';
      // \p{…}, \x{…}: what is in the braces is no text.
      if (/[pPx]/.test(escaped) && characters[at + 1] === '{') while (at < characters.length && characters[at] !== '}') at++;
    } else if (character === '[' || character === '(') {
      end();
      at = closingOf(characters, at);
    } else if (character === '?' || character === '*' || character === '{') {
      // The character before may be absent.
      run = Array.from(run).slice(0, -1).join('');
      end();
      if (character === '{') while (at < characters.length && characters[at] !== '}') at++;
    } else if (/[+.^$)\]}]/.test(character)) end();
    else run += character;
  }
  end();
  const longest = runs.map((text) => text.toLowerCase()).sort((a, b) => b.length - a.length)[0] ?? '';
  return longest.length >= SHORTEST ? longest : undefined;
}

/** Where the class or group that opens at a place closes. */
function closingOf(characters: readonly string[], opening: number): number {
  if (characters[opening] === '[') {
    // A bracket that comes first stands for itself.
    let at = opening + (characters[opening + 1] === '^' ? 2 : 1) + 1;
    for (let depth = 0; at < characters.length; at++) {
      if (characters[at] === '\\') at++;
      else if (characters[at] === '[') depth++;
      else if (characters[at] === ']' && depth-- === 0) return at;
    }
    return at;
  }
  for (let at = opening + 1; at < characters.length; at++) {
    if (characters[at] === '\\') at++;
    else if (characters[at] === '[' || characters[at] === '(') at = closingOf(characters, at);
    else if (characters[at] === ')') return at;
  }
  return characters.length;
}
