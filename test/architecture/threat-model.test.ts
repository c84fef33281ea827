import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { page } from './markdown.js';
import { sourceFiles, type SourceFile } from './source-file.js';

const SUITE = sourceFiles('test/security');
const { text } = page('docs/threat-model.md');

/** The titles of a file's tests as they stand in its source; what is filled in at run time is shown as `…`. */
function titlesIn({ tree }: SourceFile): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      if (ts.isIdentifier(node.expression) && node.expression.text === 'test') titles.push(...wordsOf(node.arguments[0]));
      if (node.expression.getText(tree) === 'test.each') titles.push(...rowsOf(node.arguments[0]));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return titles;

  /** The first word of each row, also of rows that are spread in from a map over names. */
  function rowsOf(table: ts.Node | undefined): string[] {
    const rows: string[] = [];
    const look = (node: ts.Node): void => {
      const first = ts.isArrayLiteralExpression(node) ? node.elements[0] : undefined;
      if (first !== undefined && node !== table && wordsOf(first).length > 0) rows.push(...wordsOf(first));
      else ts.forEachChild(node, look);
    };
    if (table !== undefined) look(table);
    return rows;
  }

  function wordsOf(node: ts.Node | undefined): string[] {
    if (node === undefined) return [];
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
    return ts.isTemplateExpression(node) ? [node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')] : [];
  }
}

/** Sections of the page, each about one file of the suite, and the tests that its rows name. */
function sections(): Map<string, string[]> {
  const parts = [...text.matchAll(/^### .*\(`(test\/security\/[\w-]+\.test\.ts)`\)\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)];
  return new Map(parts.map(([, path = '', body = '']) => [path, [...body.matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, title = '']) => title.replaceAll('\\|', '|')).filter((title) => !/^(what is tried|-+)$/.test(title))]));
}

describe('docs/threat-model.md', () => {
  const documented = sections();

  it('has a section for each file of the suite', () => {
    expect([...documented.keys()].sort()).toEqual(SUITE.map((file) => file.path).filter((path) => path.endsWith('.test.ts')).sort());
  });

  it.each(SUITE.filter((file) => file.path.endsWith('.test.ts')).map((file) => [file.path, file] as const))('has a row for each attempt in %s, and names none that is not made', (path, file) => {
    const titles = [...new Set(titlesIn(file).filter((title) => !/^(is|%s)?(: denied)?$/.test(title) && !title.startsWith('%s')))];
    expect(titles.length).toBeGreaterThan(0);
    expect([...new Set(documented.get(path))].sort()).toEqual(titles.sort());
  });

  it('says what is not defended', () => {
    expect(text).toMatch(/^## What is not defended$/m);
  });
});
