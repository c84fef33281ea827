import { createHash } from 'node:crypto';
import pg from 'pg';

/** Each is a plan that each connection keeps, some 50 kB: who builds texts must not fill the server's memory with them. */
const MOST_STATEMENTS = 64;
/** A migration of a table in use costs one. Where names are lost all the time, a pooler does not know of them, and nothing is gained. */
const MOST_AGES = 20;

const NO_SUCH_STATEMENT = '26000';
const STATEMENT_IS_THERE = '42P05';
const NOT_SUPPORTED = '0A000';
/** PgBouncer's own word, in its own language, for a name that it does not know of a client; it ends the connection with it. */
const NOT_KNOWN_TO_POOLER = { code: '08P01', message: /^prepared statement/ };

export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly age: number;
}

/**
 * Names under which the connections of one login keep statements, so that the server parses and plans them once a connection and not
 * each time. A name says what the statement is, in every process: whatever session a pooler lends, what it has under that name is right.
 */
export class StatementNames {
  private readonly known = new Map<string, NamedStatement>();
  private age = 0;

  /** Undefined where the statement is to run without one. */
  of(sql: string): NamedStatement | undefined {
    const known = this.known.get(sql);
    if (known?.age === this.age) return known;
    if (this.age > MOST_AGES || (known === undefined && this.known.size >= MOST_STATEMENTS)) return undefined;
    // Another text too: a pooler knows statements by their text, whatever their names.
    const text = this.age === 0 ? sql : `${sql} /* ${this.age} */`;
    const named = { name: `nagaya_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`, text, age: this.age };
    this.known.set(sql, named);
    return named;
  }

  /**
   * Whether the server refused to run what it has under the name: a migration has changed what the rows look like, or there is nothing, or
   * something, under it. Nothing was done then. All statements get new names.
   */
  isStale({ age }: NamedStatement, error: unknown): boolean {
    if (!(error instanceof pg.DatabaseError)) return false;
    const { code, routine, message } = error;
    const isStale =
      code === NO_SUCH_STATEMENT ||
      code === STATEMENT_IS_THERE ||
      // The same code is given for much else; «cached plan must not change result type» is translated, its place is not.
      (code === NOT_SUPPORTED && routine === 'RevalidateCachedQuery') ||
      (code === NOT_KNOWN_TO_POOLER.code && NOT_KNOWN_TO_POOLER.message.test(message));
    if (isStale && age === this.age) this.age++;
    return isStale;
  }
}
