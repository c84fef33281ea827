import { AppError } from '../errors/app-error.js';
import { camelCase, snakeCase } from './words.js';

/** The kinds of field that `--field name:kind` knows. */
export const FIELD_KINDS = ['text', 'integer', 'number', 'boolean', 'instant', 'json', 'uuid', 'one_of'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** A field of the new table, as its flag asked for it. */
export interface FieldSpec {
  /** As the API has it: `dueAt`. */
  readonly property: string;
  /** As the table has it: `due_at`. */
  readonly column: string;
  readonly kind: FieldKind;
  readonly optional: boolean;
  /** For `text`: the most characters; undefined for as many as a body takes. */
  readonly length?: number;
  /** For `one_of`: the words that there are. */
  readonly words: readonly string[];
}

/** `<table>_<column>_check` must fit into the 63 bytes of a PostgreSQL name. */
const LONGEST_COLUMN = 28;
const LONGEST_VARCHAR = 10_000;
const NAME = /^[a-z][a-zA-Z0-9]*(?:_[a-z0-9]+)*$/;
const WORD = /^[a-z0-9][a-z0-9_-]{0,49}$/;

/** What the generated table and its list have already, and what JavaScript keeps for itself on every object. */
const TAKEN = new Set(['id', 'createdAt', 'limit', 'cursor', 'since', 'until', 'constructor', 'prototype', 'toString', 'valueOf', 'toJSON', 'hasOwnProperty', 'isPrototypeOf']);
/** Columns that every PostgreSQL table has, and can't have twice. */
const SYSTEM_COLUMNS = new Set(['oid', 'tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/**
 * Reads `name:kind[:argument][:optional]`: `title:text:200`, `level:one_of:low,high`, `dueAt:instant:optional`.
 * @throws AppError `validation_failed` saying what is wrong with which flag
 */
export function readFields(flags: readonly string[]): FieldSpec[] {
  const fields = flags.map(readField);
  for (const [index, { column }] of fields.entries()) {
    if (fields.findIndex((other) => other.column === column) !== index) throw wrong(flags[index] ?? '', `the field ${column} stands there twice`);
  }
  if (fields.length === 0 || fields.length > 40) throw new AppError('validation_failed', 'A table has 1 to 40 fields beside its id and its time.');
  if (fields.every((field) => field.optional)) throw new AppError('validation_failed', 'At least one field must not be optional: a row has to say something.');
  return fields;
}

function readField(flag: string): FieldSpec {
  const [name = '', kind = '', ...rest] = flag.split(':');
  if (!NAME.test(name)) throw wrong(flag, 'a name begins with a lower-case letter and has letters, digits and single underscores: dueAt or due_at');
  const property = camelCase(name);
  const column = snakeCase(name);
  if (column.length > LONGEST_COLUMN) throw wrong(flag, `a name has at most ${LONGEST_COLUMN} characters`);
  if (TAKEN.has(property) || SYSTEM_COLUMNS.has(column)) throw wrong(flag, `"${name}" is taken: every table has id and created_at, every list limit, cursor, since and until; choose another name`);
  if (!isKind(kind)) throw wrong(flag, `the kind must be one of ${FIELD_KINDS.join(', ')}`);
  const optional = rest.at(-1) === 'optional';
  const argument = optional ? rest.slice(0, -1) : rest;
  if (argument.length > 1) throw wrong(flag, 'after the kind come its argument and "optional", and nothing else');
  return { property, column, kind, optional, ...readArgument(flag, kind, argument[0]) };
}

function readArgument(flag: string, kind: FieldKind, argument: string | undefined): Pick<FieldSpec, 'length' | 'words'> {
  if (kind === 'text') return { words: [], ...(argument !== undefined && { length: readLength(flag, argument) }) };
  if (kind === 'one_of') return { words: readWords(flag, argument) };
  if (argument !== undefined) throw wrong(flag, `${kind} takes no argument`);
  return { words: [] };
}

function readLength(flag: string, argument: string): number {
  const length = /^\d{1,6}$/.test(argument) ? Number(argument) : 0;
  if (length < 1 || length > LONGEST_VARCHAR) throw wrong(flag, `the length of a text is a number from 1 to ${LONGEST_VARCHAR}; without one it is as long as it likes`);
  return length;
}

function readWords(flag: string, argument = ''): string[] {
  const words = argument.split(',');
  const good = words.length >= 2 && words.length <= 40 && words.every((word) => WORD.test(word)) && new Set(words).size === words.length;
  if (!good) throw wrong(flag, 'one_of takes 2 to 40 different words of lower-case letters, digits, - and _: level:one_of:low,normal,high');
  return words;
}

function isKind(kind: string): kind is FieldKind {
  return FIELD_KINDS.some((known) => known === kind);
}

function wrong(flag: string, why: string): AppError {
  return new AppError('validation_failed', `--field ${flag}: ${why}.`);
}
