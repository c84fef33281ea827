import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { lockCorpus, numbersBetween, writeSegment } from './segments.js';

/** Fewer new rows than this stay outside of segments: a search reads them as they are, faster than a segment is written. */
export const FEWEST_NEW_ROWS = 512;
/** Rows of one segment as it is first written; larger ones come of putting segments together. */
const ROWS_A_SEGMENT = 4_096;
/** How long transactions that may still bring rows with lower numbers are waited for; the next run tries again. */
const SETTLE_FOR_MS = 10_000;
const SETTLE_POLL_MS = 50;

/** Takes new rows into segments. */
@Injectable()
export class TextIndexer {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Indexes until fewer than `FEWEST_NEW_ROWS` are left, or the signal says stop. Any number of processes may do so at
   * once: they take turns. @returns how many rows went into segments
   */
  async index(name: CorpusName, signal: AbortSignal): Promise<number> {
    const corpus = CORPORA[name];
    for (let rows = 0; ; ) {
      if (signal.aborted) return rows;
      const next = await this.next(corpus);
      if (next === undefined || !(await this.isSettled(next.xmax, signal))) return rows;
      rows += await this.take(corpus, next);
    }
  }

  /** The rows that the next segment is to hold, and the transaction at which all lower numbers had been given out. */
  private async next(corpus: Corpus): Promise<{ after: number; upTo: number; xmax: string } | undefined> {
    const [row] = await this.database.query<{ after: string; upTo: string | null; rows: string; xmax: string }>(
      `SELECT c.settled_no AS after, max(t.text_no) AS "upTo", count(t.text_no) AS rows, pg_snapshot_xmax(pg_current_snapshot())::text AS xmax
         FROM coding_rule2.text_corpora c
         LEFT JOIN LATERAL (SELECT text_no FROM ${corpus.table} WHERE text_no > c.settled_no ORDER BY text_no LIMIT ${ROWS_A_SEGMENT}) t ON true
        WHERE c.corpus = $1
        GROUP BY c.settled_no`,
      [corpus.name],
    );
    if (row === undefined || row.upTo === null || Number(row.rows) < FEWEST_NEW_ROWS) return undefined;
    return { after: Number(row.after), upTo: Number(row.upTo), xmax: row.xmax };
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

  private async take(corpus: Corpus, { after, upTo }: { after: number; upTo: number }): Promise<number> {
    return this.database.transaction(async (tx) => {
      const { settledNo } = await lockCorpus(tx, corpus);
      if (settledNo !== after) return 0; // Another process was faster.
      const numbers = await numbersBetween(tx, corpus, after, upTo, ROWS_A_SEGMENT);
      const rows = await writeSegment(tx, corpus, numbers);
      await tx.query('UPDATE coding_rule2.text_corpora SET settled_no = $2 WHERE corpus = $1', [corpus.name, numbers.at(-1) ?? upTo]);
      return rows;
    });
  }
}
