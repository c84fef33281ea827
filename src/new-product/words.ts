/** The words of a name in any of the usual cases, in lower case. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export const snakeCase = (name: string): string => wordsOf(name).join('_');
export const kebabCase = (name: string): string => wordsOf(name).join('-');
export const pascalCase = (name: string): string => wordsOf(name).map(capital).join('');
export const upperCase = (name: string): string => snakeCase(name).toUpperCase();
/** `Due at`, as a sentence begins. */
export const sentenceCase = (name: string): string => capital(wordsOf(name).join(' '));
/** `Future Product`, as a title is written. */
export const titleCase = (name: string): string => wordsOf(name).map(capital).join(' ');
export const lowerWords = (name: string): string => wordsOf(name).join(' ');

export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** 100000 → 100_000, as the house writes numbers. */
export const grouped = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, '_');

/** One of what an English plural names, by its ending; the word itself where the ending says nothing. */
export function singularOf(plural: string): string {
  if (/[^aeiou]ies$/.test(plural)) return `${plural.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x|z)es$/.test(plural)) return plural.slice(0, -2);
  if (/[^su]s$/.test(plural)) return plural.slice(0, -1);
  return plural;
}

/** `a note`, `an entry`. */
export const withArticle = (words: string): string => `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
