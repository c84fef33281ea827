import type { FieldKind, FieldSpec } from './field-spec.js';
import type { ProductPlan } from './product-plan.js';
import { grouped, pascalCase, sentenceCase, upperCase } from './words.js';

/** What one field is in each of the files. */
export interface FieldCode {
  readonly spec: FieldSpec;
  /** TypeScript: `string`, `NoteImportance`. */
  readonly type: string;
  /** The column's type in SQL. */
  readonly sqlType: string;
  /** What `@Column` says of its type. */
  readonly columnType: string;
  /** First argument of `Shown`'s `as`. */
  readonly shownAs: string;
  /** The decorator of the DTO, and what it takes beside description and example. */
  readonly decorator: string;
  readonly rules: string;
  /** As source code; another one every time, for rows that can be told apart. */
  readonly example: string;
  readonly description: string;
  /** For `one_of`: the constant that holds its words. */
  readonly wordsConstant: string | undefined;
}

/** Texts without a length, in characters: a body of 32 MiB holds them. */
const LONGEST_TEXT = 100_000;

type Written = Omit<FieldCode, 'spec' | 'description' | 'wordsConstant'>;

/** The kinds that take no argument, and look the same wherever they stand. */
const PLAIN: Readonly<Record<Exclude<FieldKind, 'text' | 'one_of'>, Written>> = {
  integer: { type: 'number', sqlType: 'integer', columnType: `type: 'integer'`, shownAs: `'integer'`, decorator: 'IntegerField', rules: 'min: -2_147_483_648, max: 2_147_483_647', example: '42' },
  number: { type: 'number', sqlType: 'double precision', columnType: `type: 'double precision'`, shownAs: `'number'`, decorator: 'NumberField', rules: '', example: '0.5' },
  boolean: { type: 'boolean', sqlType: 'boolean', columnType: `type: 'boolean'`, shownAs: `'boolean'`, decorator: 'BooleanField', rules: '', example: 'true' },
  instant: { type: 'Date', sqlType: 'timestamptz', columnType: `type: 'timestamptz'`, shownAs: `'instant'`, decorator: 'InstantField', rules: '', example: `'2026-11-24T09:00:00.000Z'` },
  json: { type: 'Record<string, unknown>', sqlType: 'jsonb', columnType: `type: 'jsonb'`, shownAs: `'json'`, decorator: 'JsonField', rules: '', example: `{ source: 'example' }` },
  uuid: { type: 'string', sqlType: 'uuid', columnType: `type: 'uuid'`, shownAs: `'uuid'`, decorator: 'UuidField', rules: '', example: `'0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e'` },
};

export function codeOf(spec: FieldSpec, { one }: Pick<ProductPlan, 'one'>): FieldCode {
  const named = { spec, description: `${sentenceCase(spec.column)}.` };
  if (spec.kind === 'text') return { ...named, wordsConstant: undefined, ...textCode(spec) };
  if (spec.kind === 'one_of') return { ...named, ...choiceCode(spec, one) };
  return { ...named, wordsConstant: undefined, ...PLAIN[spec.kind] };
}

function textCode({ column, length }: FieldSpec): Written {
  const example = `'${sentenceCase(column).slice(0, length)}'`;
  const read = { type: 'string', shownAs: `'text'`, decorator: 'TextField', rules: `max: ${grouped(length ?? LONGEST_TEXT)}`, example };
  if (length === undefined) return { ...read, sqlType: 'text', columnType: `type: 'text'` };
  return { ...read, sqlType: `varchar(${length})`, columnType: `type: 'varchar', length: ${length}` };
}

function choiceCode({ column, words }: FieldSpec, one: string): Omit<FieldCode, 'spec' | 'description'> {
  const wordsConstant = `${upperCase(one)}_${upperCase(column)}_WORDS`;
  return {
    wordsConstant,
    type: `${one}${pascalCase(column)}`,
    sqlType: 'varchar(50)',
    columnType: `type: 'varchar', length: 50`,
    shownAs: wordsConstant,
    decorator: 'OneOfField',
    rules: `values: ${wordsConstant}`,
    example: `'${words[0] ?? ''}'`,
  };
}

/** Options of a decorator on one line, those that say nothing left out. */
export function options(...parts: readonly (string | false)[]): string {
  return `{ ${parts.filter((part) => part !== false && part !== '').join(', ')} }`;
}
