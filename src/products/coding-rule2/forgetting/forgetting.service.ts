import { Injectable } from '@nestjs/common';
import { quoteIdent } from '../../../database/quote-ident.js';
import { countAnswers, forgetAnswers, type AnswersAbout } from '../../../idempotency/forget-answers.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA } from '../search/corpus.js';
import { eraseWords } from '../search/text-erasure.js';
import { eraseMemory, eraseSession, idsOfMemory, idsOfSession, type Erasure } from './erasures.js';
import type { ErasedRows, Forgotten, RemainingRows } from './forgotten.dto.js';
import { countRemaining, placesNaming, type Named } from './named-places.js';

/** What is written for a session while it is being erased is found by looking again; so often, then the answer says what is left. */
const MAX_PASSES = 3;

interface Subject {
  readonly named: Named;
  readonly value: string;
  readonly answers: AnswersAbout;
  readonly erasures: readonly Erasure[];
}

/** Erases a session or a memory wherever this product names it, and counts what is left. */
@Injectable()
export class ForgettingService {
  constructor(private readonly database: CodingRule2Database) {}

  /** Rows that are history of something else stay, without the session and without what it said: a mistake still counts. */
  async forgetSession(sessionId: string, eraseViolations: boolean): Promise<Forgotten> {
    return this.database.unitOfWork(async () => {
      const name = JSON.stringify(sessionId);
      const answers = { texts: [`"sessionId":${name}`, `"fromSessionId":${name}`], ids: await idsOfSession(this.database, sessionId) };
      return this.forget({ named: 'session_id', value: sessionId, answers, erasures: eraseSession(eraseViolations) });
    });
  }

  /** The memory and what was merged into it; of bundles that took it over or left it out, its item. */
  async forgetMemory(id: string): Promise<Forgotten> {
    return this.database.unitOfWork(async () => {
      const answers = { texts: [], ids: await idsOfMemory(this.database, id) };
      return this.forget({ named: 'memory_id', value: id, answers, erasures: eraseMemory() });
    });
  }

  /** Erasing and counting are one transaction: what the answer says is what was committed. */
  private async forget(subject: Subject): Promise<Forgotten> {
    const erased = new Map<string, ErasedRows>();
    let remaining: RemainingRows[] = [];
    for (let pass = 1; pass <= MAX_PASSES; pass++) {
      await this.erase(subject, erased);
      remaining = await this.remainingOf(subject);
      if (remaining.every(({ rows }) => rows === 0)) break;
    }
    const [clock] = await this.database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    return {
      erasedCount: [...erased.values()].reduce((sum, { rows }) => sum + rows, 0),
      erased: [...erased.values()],
      remaining,
      nothingLeft: remaining.every(({ rows }) => rows === 0),
      forgottenAt: clock?.now ?? new Date(),
    };
  }

  private async erase({ named, value, answers, erasures }: Subject, erased: Map<string, ErasedRows>): Promise<void> {
    const note = (table: string, how: ErasedRows['how'], rows: number): void => {
      const before = erased.get(`${table} ${how}`)?.rows ?? 0;
      erased.set(`${table} ${how}`, { table, how, rows: before + rows });
    };
    note('text_postings', 'deleted', await this.eraseWordsOf(named, value));
    note('idempotency_records', 'blanked', await forgetAnswers(this.database, answers));
    for (const { table, how, sql } of erasures) note(table, how, (await this.database.query(sql, [value])).length);
    // Tables that nobody here has heard of: whatever row names it goes.
    const known = new Set(erasures.map(({ table }) => table));
    for (const { table, column } of await placesNaming(this.database, named)) {
      if (known.has(table)) continue;
      const rows = await this.database.query(`DELETE FROM coding_rule2.${quoteIdent(table)} WHERE ${quoteIdent(column)}::text = $1 RETURNING 1`, [value]);
      note(table, 'deleted', rows.length);
    }
  }

  /** The index of words says which row has which word: that goes before the rows do. */
  private async eraseWordsOf(named: Named, value: string): Promise<number> {
    const tx = await this.database.manager();
    const column = named === 'session_id' ? 'session_id' : 'id';
    let postings = 0;
    for (const { name, table } of named === 'session_id' ? Object.values(CORPORA) : [CORPORA.memories]) {
      const rows = await this.database.query<{ id: string }>(`SELECT id FROM ${table} WHERE ${column}::text = $1`, [value]);
      postings += (await eraseWords(tx, name, rows.map(({ id }) => id))).postings;
    }
    return postings;
  }

  private async remainingOf({ named, value, answers }: Subject): Promise<RemainingRows[]> {
    const places = await placesNaming(this.database, named);
    const own = named === 'memory_id' ? [{ table: 'memory_inheritance', column: 'id' }, { table: 'memory_sources', column: 'id' }] : [];
    const rows = await countRemaining(this.database, [...own, ...places], value);
    return [...rows, { table: 'idempotency_records', column: 'response', rows: await countAnswers(this.database, answers) }];
  }
}
