import { describe, expect, it } from '@jest/globals';
import type ts from 'typescript';
import { importsProcess, leavesTestsOut, quotesByHand, readsEnvironment, saysAny } from './rules.js';
import { parse, placesOf, sourceFiles, type SourceFile } from './source-file.js';

const LONGEST_FILE_LINES = 250;

const isSpec = (file: SourceFile): boolean => file.path.endsWith('.spec.ts');
const all = sourceFiles('src', 'migrations', 'test');
const serving = all.filter((file) => !file.path.startsWith('test/') && !isSpec(file));
const places = (files: SourceFile[], matches: (node: ts.Node) => boolean): string[] => files.flatMap((file) => placesOf(file, matches));

describe('the source', () => {
  it('reads the environment in src/config/ only, so that every setting is checked and documented', () => {
    const others = serving.filter((file) => !file.path.startsWith('src/config/'));
    expect(places(others, (node) => readsEnvironment(node) || importsProcess(node))).toEqual([]);
  });

  it('has no `any`, and hides no line from the compiler', () => {
    expect(places(all, saysAny)).toEqual([]);
    const hidden = all.filter((file) => /\/[/*]\s*@ts-(ignore|nocheck)/.test(file.text));
    expect(hidden.map((file) => file.path)).toEqual([]);
  });

  it('leaves no test out', () => {
    expect(places(all.filter((file) => isSpec(file) || file.path.startsWith('test/')), leavesTestsOut)).toEqual([]);
  });

  it('puts names and literals into statements through quoteIdent and quoteLiteral only', () => {
    expect(places(serving, quotesByHand)).toEqual([]);
  });

  it(`has no file of more than ${LONGEST_FILE_LINES} lines`, () => {
    const long = serving.filter((file) => file.text.trimEnd().split('\n').length > LONGEST_FILE_LINES);
    expect(long.map((file) => file.path)).toEqual([]);
  });
});

// A rule that never finds anything proves nothing.
describe('the rules find', () => {
  it.each([
    ['process.env.HOME', readsEnvironment],
    ["process['env']", readsEnvironment],
    ['import { env } from "node:process"', importsProcess],
    ['const x: any = 1', saysAny],
    ['it.skip("x", () => {})', leavesTestsOut],
    ['describe.only.each([1])("x", () => {})', leavesTestsOut],
    ['xit("x", () => {})', leavesTestsOut],
    ['runner.query(`ALTER ROLE ${a} SET "${b}" TO 1`)', quotesByHand],
    ["runner.query(`\n  SELECT '${a}'`)", quotesByHand],
  ])('%s', (text, matches) => {
    expect(placesOf(parse('x.ts', text), matches)).toHaveLength(1);
  });

  it.each([
    ['child.env.HOME; // process.env.HOME', readsEnvironment],
    ['const any = "any"', saysAny],
    ['list.skip(1); it("only")', leavesTestsOut],
    ['fail(`The role "${a}" is not ours.`)', quotesByHand],
    ['runner.query(`ALTER ROLE ${quoteIdent(a)} SET x TO 1`)', quotesByHand],
  ])('nothing in %s', (text, matches) => {
    expect(placesOf(parse('x.ts', text), matches)).toEqual([]);
  });
});
