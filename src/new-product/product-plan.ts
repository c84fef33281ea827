import { AppError } from '../errors/app-error.js';
import { assertProductIds } from '../database/role-names.js';
import { readFields, type FieldSpec } from './field-spec.js';
import { camelCase, kebabCase, lowerWords, pascalCase, sentenceCase, singularOf, snakeCase, titleCase, upperCase } from './words.js';

export interface ProductWish {
  readonly id: string;
  readonly title?: string;
  /** Name of the table, in the plural. */
  readonly table?: string;
  /** `name:kind[:argument][:optional]`, each. */
  readonly fields?: readonly string[];
  /** Quota: bytes and rows that it may hold; absent: as many as it likes. */
  readonly maxBytes?: string;
  readonly maxRows?: string;
  /** Days after which its rows are deleted; absent: never. */
  readonly keepDays?: string;
  /** `rule=threshold`, each: an alert rule that is to have another threshold. */
  readonly alerts?: readonly string[];
}

/** What is in the tree already, as far as a new product could run into it. */
export interface Surroundings {
  readonly classes: ReadonlySet<string>;
  /** Sections of the API's documentation. */
  readonly tags: ReadonlySet<string>;
  /** Alert rules that have a threshold. */
  readonly rules: ReadonlySet<string>;
  /** Last parts of the routes that every product has: `events`, `metrics`, … */
  readonly routes: ReadonlySet<string>;
}

/** Every name in the files of a new product. */
export interface ProductPlan {
  readonly id: string;
  readonly title: string;
  /** Folder and file names: `future-product`. */
  readonly kebab: string;
  /** `FutureProduct`, in front of the module's and the database's class. */
  readonly pascal: string;
  /** The manifest: `FUTURE_PRODUCT`. */
  readonly constant: string;
  /** 13 digits, milliseconds: when the migration was written. */
  readonly timestamp: string;
  readonly table: string;
  /** The last part of its routes, and its folder: `reading-notes`. */
  readonly route: string;
  readonly tag: string;
  /** `Note`, `Notes`: in front of the classes of this table. */
  readonly one: string;
  readonly many: string;
  readonly oneFile: string;
  /** In sentences: `note`, `notes`. */
  readonly oneWord: string;
  readonly manyWord: string;
  /** A variable that holds one. */
  readonly variable: string;
  readonly fields: readonly FieldSpec[];
  readonly limits: ProductLimitsWish;
}

/** What the manifest says beside its tables. */
export interface ProductLimitsWish {
  readonly maxBytes: number | undefined;
  readonly maxRows: number | undefined;
  readonly keepDays: number | undefined;
  readonly alerts: readonly { readonly rule: string; readonly threshold: number }[];
}

const DEFAULT_TABLE = 'notes';
const DEFAULT_FIELDS = ['title:text:200', 'body:text', 'importance:one_of:low,normal,high'];
const TABLE = /^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/;
const LONGEST_TABLE = 28;
/** A hundred years, as the table of what operators set has it. */
const LONGEST_KEPT_DAYS = 36_500;

/** @throws AppError `validation_failed` for a name that can't be used, saying why and what can */
export function planProduct(wish: ProductWish, around: Surroundings, now: Date): ProductPlan {
  assertProductIds([wish]);
  if (/__|_$/.test(wish.id)) throw new AppError('validation_failed', `"${wish.id}" has an underscore at its end, or two in a row: neither survives in the name of a folder.`);
  const table = readTable(wish.table ?? DEFAULT_TABLE, around);
  const fields = readFields(wish.fields === undefined || wish.fields.length === 0 ? DEFAULT_FIELDS : wish.fields);
  const title = readTitle(wish.title ?? titleCase(wish.id));
  const pascal = pascalCase(wish.id);
  const singular = singularOf(table);
  // The API's document has one room for all classes and sections, so those of this product give way to what is there.
  const crowded = classesOf(pascalCase(singular), pascalCase(table)).some((name) => around.classes.has(name));
  const prefix = crowded ? pascal : '';
  const tag = sentenceCase(table);
  return {
    id: wish.id,
    title,
    kebab: kebabCase(wish.id),
    pascal,
    constant: upperCase(wish.id),
    timestamp: String(now.getTime()),
    table,
    route: kebabCase(table),
    tag: around.tags.has(tag) ? `${title}: ${lowerWords(table)}` : tag,
    one: prefix + pascalCase(singular),
    many: prefix + pascalCase(table),
    oneFile: kebabCase(singular),
    oneWord: lowerWords(singular),
    manyWord: lowerWords(table),
    variable: safeVariable(camelCase(singular)),
    fields,
    limits: readLimits(wish, around),
  };
}

function classesOf(one: string, many: string): string[] {
  return [one, `Create${one}`, `List${many}`, `${many}Controller`, `${many}Service`];
}

function readTable(given: string, { routes }: Surroundings): string {
  const table = snakeCase(given);
  if (!TABLE.test(given) || table.length > LONGEST_TABLE) {
    throw new AppError('validation_failed', `--table ${given}: use at most ${LONGEST_TABLE} lower-case letters, digits and underscores, starting with a letter, in the plural: reading_notes.`);
  }
  if (table === 'migrations' || table.startsWith('pg_')) throw new AppError('validation_failed', `--table ${given}: the name is taken by the schema's own history, or by PostgreSQL.`);
  if (routes.has(kebabCase(table))) {
    throw new AppError('validation_failed', `--table ${given}: every product has /${kebabCase(table)} already. Taken are ${[...routes].sort().join(', ')}.`);
  }
  return table;
}

function readTitle(title: string): string {
  const good = /^[\p{L}\p{N}][\p{L}\p{N}\p{M} .,&+()/-]{0,99}$/u.test(title);
  if (!good) throw new AppError('validation_failed', '--title: use 1 to 100 letters, digits, spaces and . , & + ( ) / -, beginning with a letter or a digit.');
  return title;
}

function readLimits({ maxBytes, maxRows, keepDays, alerts = [] }: ProductWish, { rules }: Surroundings): ProductLimitsWish {
  const thresholds = alerts.map((flag) => {
    const [, rule = '', threshold = ''] = /^([a-z-]+)=(\d{1,15})$/.exec(flag) ?? [];
    if (threshold === '') throw new AppError('validation_failed', `--alert ${flag}: a rule and the number from which on it fires: record-count-low=5000`);
    if (!rules.has(rule)) throw new AppError('validation_failed', `--alert ${flag}: there is no rule with a threshold of that name; there are ${[...rules].sort().join(', ')}.`);
    return { rule, threshold: Number(threshold) };
  });
  const twice = thresholds.find(({ rule }, index) => thresholds.findIndex((other) => other.rule === rule) !== index);
  if (twice !== undefined) throw new AppError('validation_failed', `--alert: the rule ${twice.rule} stands there twice.`);
  return {
    maxBytes: readNumber('--max-bytes', maxBytes, Number.MAX_SAFE_INTEGER),
    maxRows: readNumber('--max-rows', maxRows, Number.MAX_SAFE_INTEGER),
    keepDays: readNumber('--keep-days', keepDays, LONGEST_KEPT_DAYS),
    alerts: thresholds,
  };
}

function readNumber(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= max) return number;
  throw new AppError('validation_failed', `${flag} ${text}: a whole number from 1 to ${max}.`);
}

/** A row called `class` or `case` is a fine table, but no variable. */
function safeVariable(name: string): string {
  const KEYWORDS = /^(?:await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|filter|finally|for|function|if|implements|import|in|instanceof|interface|let|limit|new|null|package|private|protected|public|return|row|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|arguments|eval|body|query|id|after|reply)$/;
  return KEYWORDS.test(name) ? `${name}Row` : name;
}
