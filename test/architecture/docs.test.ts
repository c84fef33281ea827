import 'reflect-metadata';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { runCommandLine } from '../../src/commands/command-line.js';
import { readConfiguration } from '../../src/config/env.js';
import { ERROR_CODES } from '../../src/errors/app-error.js';
import { CODES_ON_HTTP } from '../../src/errors/problem.js';
import { anchorsIn, codeIn, linksIn, page, pages, ROOT, rowsIn, wordsOf, type Page } from './markdown.js';

const ALL = pages();
const ROLE = '<role>';

/** Every name that the configuration looks up, found by watching which ones are. */
function settings(): string[] {
  const names = new Set<string>();
  readConfiguration(new Proxy<Record<string, string>>({}, { get: (_, name) => void names.add(String(name)) }), () => [ROLE]);
  return [...names].sort();
}

/** NAGAYA_POOL_MAX → poolMax */
function keyOf(name: string): string {
  return name.replace(/^NAGAYA_/, '').toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe('docs/configuration.md', () => {
  const rows = rowsIn(page('docs/configuration.md')).map(([name, , fallback]) => ({ name: wordsOf(name)[0] ?? '', fallback: wordsOf(fallback) }));

  it('has one row for every setting there is, and none for others', () => {
    expect(rows.map((row) => row.name).sort()).toEqual(settings());
  });

  it('misses none that the code speaks of', () => {
    const names = readFileSync(`${ROOT}src/config/env.ts`, 'utf8').match(/(?<=')(NAGAYA_[A-Z_]*[A-Z]|[A-Z]+(_[A-Z]+)*_URL)(?=')/g) ?? [];
    expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(names));
  });

  it('gives the default of each', () => {
    const { backup, ...others } = readConfiguration({}, () => []);
    const ofBackups = Object.entries(backup).map(([key, value]) => [`backup${key.charAt(0).toUpperCase()}${key.slice(1)}`, value as unknown] as const);
    const embedded: Record<string, unknown> = { ...others, ...Object.fromEntries(ofBackups) };
    const onServer: Record<string, unknown> = { ...readConfiguration({ DATABASE_URL: 'postgres://db.example/nagaya', NAGAYA_ROLE_SECRET: 'x'.repeat(32) }, () => []) };
    const shown = (value: unknown): string[] => (typeof value === 'object' || value === undefined ? [] : [`${value as string | number | boolean}`]);
    const defaults = settings().map((name) => {
      const value = embedded[keyOf(name)];
      if (['NAGAYA_DATA_DIR', 'NAGAYA_BACKUP_TO'].includes(name)) return { name, fallback: [`./${relative(process.cwd(), String(value))}`] };
      if (name === 'MIGRATE_ON_START') return { name, fallback: [...shown(value), ...shown(onServer[keyOf(name)])] };
      return { name, fallback: shown(value) };
    });
    expect(rows.sort((a, b) => a.name.localeCompare(b.name, 'en'))).toEqual(defaults.sort((a, b) => a.name.localeCompare(b.name, 'en')));
  });
});

describe('.env.example', () => {
  const example = parseEnv(readFileSync(`${ROOT}.env.example`, 'utf8')) as Record<string, string>;

  it('names settings that there are', () => {
    expect(settings()).toEqual(expect.arrayContaining(Object.keys(example)));
  });

  it('lacks the secret and nothing else', () => {
    expect(() => readConfiguration(example, () => [])).toThrow(/^The configuration is not valid:\n {2}- NAGAYA_ROLE_SECRET is missing[^\n]*$/);
    expect(readConfiguration({ ...example, NAGAYA_ROLE_SECRET: 'x'.repeat(32) }, () => []).databaseAdminUrl).toBe(example['DATABASE_URL']);
  });
});

describe('docs/errors.md', () => {
  it('lists every code with its status, and no other', () => {
    const rows = rowsIn(page('docs/errors.md')).map(([code, status]) => `${wordsOf(code)[0]} ${status}`);
    expect(rows.sort()).toEqual(ERROR_CODES.map((code) => `${code} ${CODES_ON_HTTP[code].status}`).sort());
  });
});

describe('docs/adr/', () => {
  const decisions = readdirSync(`${ROOT}docs/adr`).filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name)).sort();

  it('gives each number once, and its index has every decision by its title', () => {
    expect(new Set(decisions.map((name) => name.slice(0, 4))).size).toBe(decisions.length);
    const titles = decisions.map((name) => {
      const number = Number(name.slice(0, 4));
      return `- [${name.slice(0, 4)}](${name}) ${page(`docs/adr/${name}`).text.split('\n')[0]?.replace(`# ${number}. `, '')}`;
    });
    expect(page('docs/adr/README.md').text.split('\n').filter((line) => line.startsWith('- ['))).toEqual(titles);
  });

  it('says of each when, why, what and what follows', () => {
    const shapes = decisions.map((name) => {
      const { text } = page(`docs/adr/${name}`);
      return { name, dated: /^Status: .*, \d{4}-\d\d-\d\d$/m.test(text), headings: [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading) };
    });
    expect(shapes).toEqual(decisions.map((name) => ({ name, dated: true, headings: ['Context', 'Decision', 'Consequences'] })));
  });
});

describe('the pages', () => {
  /** What is wrong with each, led by the page that says it. */
  const inEach = (find: (each: Page) => string[]): string[] => ALL.flatMap((each) => find(each).map((found) => `${each.path}: ${found}`));

  it('link to what is there', () => {
    const dead = inEach((each) =>
      linksIn(each).filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? each.path : join(dirname(each.path), file);
        return !existsSync(`${ROOT}${target}`) || (anchor !== undefined && !anchorsIn(page(target)).includes(anchor));
      }),
    );
    expect(dead).toEqual([]);
  });

  it('name files and folders that are there', () => {
    // future_product is the example of one that is not.
    const named = (each: Page): string[] => codeIn(each).filter((code) => /^(src|test|docs|migrations|scripts|\.ci)\/[\w./-]*$/.test(code) && !code.includes('future-product'));
    expect(inEach(named)).not.toEqual([]);
    expect(inEach((each) => named(each).filter((path) => !existsSync(`${ROOT}${path}`)))).toEqual([]);
  });

  it('name npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> };
    const named = (each: Page): string[] => codeIn(each).flatMap((code) => [...code.matchAll(/\bnpm (?:run (?:-\S+ )*)?([a-z][a-z:-]*)/g)].map(([, script]) => script ?? ''));
    expect(inEach(named)).toEqual(expect.arrayContaining(['README.md: start', 'README.md: test:pg', 'CONTRIBUTING.md: lint']));
    expect(inEach((each) => named(each).filter((script) => !['ci', 'install', 'prune'].includes(script) && !(script in scripts)))).toEqual([]);
  });

  it('show every folder of src/ in the tree of the README', () => {
    const tree = codeIn(page('README.md')).flatMap((line) => /^ {2}([a-z-]+)\/ {2,}\S/.exec(line)?.[1] ?? []);
    const folders = readdirSync(`${ROOT}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(tree.sort()).toEqual(folders.map((entry) => entry.name).sort());
  });
});

describe('the command line', () => {
  let printed = '';
  const print = (chunk: unknown): boolean => {
    printed += String(chunk);
    return true;
  };

  beforeEach(() => {
    printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation(print);
    jest.spyOn(process.stderr, 'write').mockImplementation(print);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const invocations = new Map(
    ALL.flatMap((each) => codeIn(each).flatMap((code) => [...code.matchAll(/(?:\bnagaya -- |^nagaya |; nagaya )([a-z][^#>;]*)/g)].map(([, words]) => words?.trim() ?? ''))).map(
      (words) => [words, words.split(/\s+/)] as const,
    ),
  );

  it.each([...invocations])('has nagaya %s', async (_, words) => {
    const end = words.findIndex((word) => !/^[a-z]+$/.test(word));
    const verbs = end === -1 ? words : words.slice(0, end);
    await runCommandLine([...verbs, '--help']);
    // Of an unknown verb the help is that of the program.
    expect(printed).toMatch(new RegExp(`^Usage: nagaya ${verbs.join(' ')}( |$)`, 'm'));
    for (const flag of words.filter((word) => word.startsWith('--'))) expect(printed).toContain(` ${flag} `);
  });

  it('is named in the pages at all', () => {
    expect([...invocations.keys()]).toEqual(expect.arrayContaining(['demo', 'migrate', 'status']));
  });
});
