import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One Markdown file of the repository. */
export interface Page {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Those at the root and in docs/. */
export function pages(): Page[] {
  const atRoot = readdirSync(ROOT);
  const inDocs = readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name.replaceAll('\\', '/')}`);
  return [...atRoot, ...inDocs].filter((path) => path.endsWith('.md')).map(page);
}

export function page(path: string): Page {
  return { path, text: readFileSync(`${ROOT}${path}`, 'utf8') };
}

const FENCE = /^```[^\n]*\n([\s\S]*?)^```$/gm;

/** What stands in fences, line by line, and between backticks elsewhere. */
export function codeIn({ text }: Page): string[] {
  const fenced = [...text.matchAll(FENCE)].flatMap(([, block]) => block?.split('\n') ?? []);
  const inline = [...text.replaceAll(FENCE, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
  return [...fenced, ...inline];
}

/** The targets of the links, without those that lead to other sites. */
export function linksIn({ text }: Page): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '').filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of the headings, as GitHub makes them. */
export function anchorsIn({ text }: Page): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? '').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'),
  );
}

/** The cells of every table row that begins with a name between backticks. */
export function rowsIn({ text }: Page): string[][] {
  return [...text.matchAll(/^\| (`.+) \|$/gm)].map(([, row]) => (row ?? '').split(' | '));
}

/** What stands between backticks. */
export function wordsOf(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');
}
