import { quoteLiteral } from '../quote-ident.js';
import type { ErrorFields } from './wire/backend-messages.js';
import { parseMessage, simpleQuery, sqlOf, statementNameOf, type FrontendMessage } from './wire/frontend-messages.js';

/** What the front end has to know of a statement before the engine sees it. */
export interface StatementRule {
  readonly refusal?: Pick<ErrorFields, 'code' | 'message'>;
  /** It may reset what the login set, so the login has to be done again afterwards. */
  readonly undoesLogin?: boolean;
}

const ALLOWED: StatementRule = {};

const COPY_REFUSED = {
  code: '0A000',
  message: 'COPY FROM STDIN is not supported on the embedded database: use INSERT, or a PostgreSQL server.',
};
const LISTEN_REFUSED = {
  code: '0A000',
  message: 'LISTEN is not supported on the embedded database: its one session belongs to nobody for long. Use a PostgreSQL server.',
};
const AUTHORIZATION_REFUSED = { code: '42501', message: 'permission denied to set session authorization' };

/** Nearly every statement is none of these, and this is all that is done to it. */
const WORTH_A_LOOK = /\b(?:copy|listen|reset|discard|authorization|session_authorization)\b/i;

/**
 * Looks at the beginning of each statement in the text, outside of strings and comments. A guard against mistakes, not
 * against malice: SQL can hide what it does (`set_config`, for one), and the engine is no security boundary.
 */
export function ruleFor(sql: string, superuser: boolean): StatementRule {
  if (!WORTH_A_LOOK.test(sql)) return ALLOWED;
  let undoesLogin = false;
  for (const words of statementsIn(sql)) {
    const text = words.join(' ');
    // STDOUT too: the grammar takes either name for either direction.
    if (/^copy .*\bfrom std(?:in|out)\b/.test(text)) return { refusal: COPY_REFUSED };
    if (/^listen\b/.test(text)) return { refusal: LISTEN_REFUSED };
    if (!superuser && /^(?:re)?set (?:(?:session|local) )?session(?: authorization|_authorization)\b/.test(text)) {
      return { refusal: AUTHORIZATION_REFUSED };
    }
    undoesLogin ||= /^(?:reset|discard)\b/.test(text);
  }
  return { undoesLogin };
}

/**
 * The message in whose place the engine gets a statement that fails with the refusal, so that an open transaction is
 * aborted and the rest of the batch skipped, as after any error.
 */
export function refusedMessage(original: FrontendMessage, { code, message }: Pick<ErrorFields, 'code' | 'message'>): FrontendMessage {
  const raise = `DO $$BEGIN RAISE EXCEPTION USING ERRCODE = ${quoteLiteral(code)}, MESSAGE = ${quoteLiteral(message)}; END$$`;
  const bytes = original.type === 'Q' ? simpleQuery(raise) : parseMessage(statementNameOf(original) ?? '', raise);
  return { type: original.type, bytes };
}

/** The rule for a message that carries SQL. */
export function ruleForMessage(message: FrontendMessage, superuser: boolean): StatementRule {
  return message.type === 'Q' || message.type === 'P' ? ruleFor(sqlOf(message), superuser) : ALLOWED;
}

// What can hide words, words, brackets and the end of a statement; everything else goes by.
const TOKEN =
  /(?<line>--)|(?<comment>\/\*)|(?<escaped>\be')|(?<quote>['"])|\$(?<tag>(?:[a-z_\x80-\xff][\w\x80-\xff]*)?)\$|(?<word>[a-z_\x80-\xff][\w$\x80-\xff]*)|(?<mark>[();])/gi;

/** The words of each statement outside of brackets, in lower case; a quoted name stands as `"`. */
function* statementsIn(sql: string): Generator<string[]> {
  let words: string[] = [];
  let depth = 0;
  const token = new RegExp(TOKEN);
  for (let found = token.exec(sql); found; found = token.exec(sql)) {
    const { word, mark } = found.groups ?? {};
    token.lastIndex = endOfHidden(sql, token.lastIndex, found.groups ?? {});
    if (mark === '(') depth += 1;
    else if (mark === ')') depth -= 1;
    else if (mark === ';' && depth <= 0) {
      yield words;
      words = [];
      depth = 0;
    } else if (depth <= 0 && word !== undefined) words.push(word.toLowerCase());
    else if (depth <= 0 && found[0] === '"') words.push('"');
  }
  yield words;
}

/** Where a comment, string or quoted name that has just begun is over. A doubled quote begins another string: no matter. */
function endOfHidden(sql: string, start: number, { line, comment, escaped, quote, tag }: Partial<Record<string, string>>): number {
  if (line !== undefined) return endOf(sql, start, '\n');
  if (comment !== undefined) return endOfComment(sql, start);
  if (escaped !== undefined) return endOfEscaped(sql, start);
  if (quote !== undefined) return endOf(sql, start, quote);
  if (tag !== undefined) return endOf(sql, start, `$${tag}$`);
  return start;
}

/** Comments nest. */
function endOfComment(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  for (let depth = 1; depth > 0; ) {
    const found = edge.exec(sql);
    if (!found) return sql.length;
    depth += found[0] === '/*' ? 1 : -1;
  }
  return edge.lastIndex;
}

function endOfEscaped(sql: string, start: number): number {
  const edge = /\\.|''|'/gs;
  edge.lastIndex = start;
  for (let found = edge.exec(sql); found; found = edge.exec(sql)) if (found[0] === "'") return edge.lastIndex;
  return sql.length;
}

function endOf(sql: string, start: number, mark: string): number {
  const end = sql.indexOf(mark, start);
  return end === -1 ? sql.length : end + mark.length;
}
