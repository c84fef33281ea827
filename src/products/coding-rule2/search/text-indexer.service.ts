import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { lockCorpus, numbersBetween, writeSegment } from './segments.js';

/** Fewer new rows than this stay outside of segments: a search reads them as they are, faster than a segment is written. */
export const FEWEST_NEW_ROWS = 512;
/** While rows keep coming, so many make a segment: in smaller ones each word that is not rare would be written once more for every few rows. */
export const ENOUGH_NEW_ROWS = 4_096;
/** Rows of one segment as it is first written; larger ones come of putting segments together. */
const ROWS_A_SEGMENT = 16_384;
/** How long transactions that may still bring rows with lower numbers are waited for; the next run tries again. */
const SETTLE_FOR_MS = 10_000;
const SETTLE_POLL_MS = 50;

/** The rows that the next segment is to hold. */
interface Next {
  readonly after: number;
  readonly upTo: number;
  /** There are no more at the moment. */
  readonly isLast: boolean;
  /** All lower numbers had been given out when this transaction began. */
  readonly xmax: string;
}

/** Takes new rows into segments. */
@Injectable()
export class TextIndexer {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Indexes all rows that are there, unless they are fewer than `worthwhile`, and goes on while enough others come
   * meanwhile, or until the signal says stop. Any number of processes may do so at once: they take turns.
   * @returns how many rows went into segments
   */
  async index(name: CorpusName, signal: AbortSignal, worthwhile = FEWEST_NEW_ROWS): Promise<number> {
    const corpus = CORPORA[name];
    let rows = 0;
    for (let fewest = worthwhile; !signal.aborted; ) {
      const next = await this.next(corpus, fewest);
      if (next === undefined || !(await this.isSettled(next.xmax, signal))) return rows;
      const taken = await this.take(corpus, next);
      rows += taken.rows;
      fewest = taken.isAll ? ENOUGH_NEW_ROWS : worthwhile;
    }
    return rows;
  }

  /** Undefined where there are too few. */
  private async next(corpus: Corpus, fewest: number): Promise<Next | undefined> {
    const [row] = await this.database.query<{ after: string; upTo: string | null; rows: string; xmax: string }>(
      `SELECT c.settled_no AS after, max(t.text_no) AS "upTo", count(t.text_no) AS rows, pg_snapshot_xmax(pg_current_snapshot())::text AS xmax
         FROM coding_rule2.text_corpora c
         LEFT JOIN LATERAL (SELECT text_no FROM ${corpus.table} WHERE text_no > c.settled_no ORDER BY text_no LIMIT ${ROWS_A_SEGMENT}) t ON true
        WHERE c.corpus = $1
        GROUP BY c.settled_no`,
      [corpus.name],
    );
    if (row === undefined || row.upTo === null || Number(row.rows) < fewest) return undefined;
    return { after: Number(row.after), upTo: Number(row.upTo), isLast: Number(row.rows) < ROWS_A_SEGMENT, xmax: row.xmax };
  }

  /**
   * A row with a lower number may still be uncommitted. It is not once every transaction that was under way when the
   * numbers were read has ended; a number taken later is higher. Waits without holding a connection.
   */
  private async isSettled(xmax: string, signal: AbortSignal): Promise<boolean> {
    for (const deadline = Date.now() + SETTLE_FOR_MS; Date.now() < deadline && !signal.aborted; ) {
      await delay(SETTLE_POLL_MS);
      const [row] = await this.database.query<{ settled: boolean }>('SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS settled', [xmax]);
      if (row?.settled) return true;
    }
    return false;
  }

  /** @returns how many rows went into a segment, and whether they are all that there were */
  private async take(corpus: Corpus, { after, upTo, isLast }: Next): Promise<{ rows: number; isAll: boolean }> {
    return this.database.transaction(async (tx) => {
      const { settledNo } = await lockCorpus(tx, corpus);
      if (settledNo !== after) return { rows: 0, isAll: false }; // Another process was faster.
      const numbers = await numbersBetween(tx, corpus, after, upTo, ROWS_A_SEGMENT);
      const written = await writeSegment(tx, corpus, numbers);
      const settled = written.upTo ?? upTo;
      await tx.query('UPDATE coding_rule2.text_corpora SET settled_no = $2 WHERE corpus = $1', [corpus.name, settled]);
      return { rows: written.rows, isAll: isLast && settled >= upTo };
    });
  }
}
