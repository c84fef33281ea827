import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { dropSegments, lockCorpus, numbersBetween, writeSegment } from './segments.js';

interface Compared {
  id: string;
  firstNo: string;
  lastNo: string;
  version: number;
  same: boolean;
}

/** Rows of a segment that is written anew; what is larger is put together again afterwards. */
const ROWS_A_SEGMENT = 4_096;

/**
 * Finds segments whose rows somebody changed or deleted by SQL of their own, which the index is not told of, and writes
 * them anew. What was deleted or rewritten through the API never needs it.
 */
@Injectable()
export class SegmentCheck {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Compares the segments with their rows, where PostgreSQL has counted updates or deletes since the last time, or a day
   * has passed. @returns how many segments were written anew
   */
  async check(name: CorpusName, signal: AbortSignal): Promise<number> {
    const corpus = CORPORA[name];
    const changes = await this.changesSince(corpus);
    if (changes === undefined) return 0;
    let rewritten = 0;
    for (const id of await this.segments(corpus)) {
      if (signal.aborted) return rewritten;
      const compared = await this.compare(corpus, id);
      if (compared === undefined || compared.same) continue;
      if (await this.rewrite(corpus, compared)) rewritten++;
    }
    await this.database.query('UPDATE coding_rule2.text_corpora SET changes_seen = $2, checked_at = clock_timestamp() WHERE corpus = $1', [name, changes]);
    return rewritten;
  }

  /** PostgreSQL's count, or undefined where there is nothing to look at. It starts again at 0 with the statistics. */
  private async changesSince(corpus: Corpus): Promise<string | undefined> {
    const [row] = await this.database.query<{ changes: string }>(
      `SELECT now.changes FROM coding_rule2.text_corpora c,
              LATERAL (SELECT pg_stat_get_tuples_updated(t) + pg_stat_get_tuples_deleted(t) AS changes FROM to_regclass($2) AS t) now
        WHERE c.corpus = $1 AND c.settled_no > 0
          AND (now.changes <> c.changes_seen OR c.checked_at < clock_timestamp() - interval '1 day')`,
      [corpus.name, corpus.table],
    );
    return row?.changes;
  }

  private async segments(corpus: Corpus): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>('SELECT id FROM coding_rule2.text_segments WHERE corpus = $1 ORDER BY first_no', [corpus.name]);
    return rows.map((row) => row.id);
  }

  private async compare(corpus: Corpus, id: string): Promise<Compared | undefined> {
    const [row] = await this.database.query<Compared>(
      `SELECT s.id, s.first_no AS "firstNo", s.last_no AS "lastNo", s.version, s.documents = r.documents AND s.checksum = r.checksum AS same
         FROM coding_rule2.text_segments s,
              LATERAL (SELECT count(*) AS documents, coalesce(sum(hashtextextended(${corpus.text}, 0)), 0) AS checksum
                         FROM ${corpus.table} WHERE text_no BETWEEN s.first_no AND s.last_no) r
        WHERE s.id = $1`,
      [id],
    );
    return row;
  }

  private async rewrite(corpus: Corpus, { id, firstNo, lastNo, version }: Compared): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      await lockCorpus(tx, corpus);
      const [same] = await tx.query<object[]>('SELECT FROM coding_rule2.text_segments WHERE id = $1 AND version = $2 FOR UPDATE', [id, version]);
      if (same === undefined) return false;
      await dropSegments(tx, [id]);
      for (let after = Number(firstNo) - 1; ; ) {
        const numbers = await numbersBetween(tx, corpus, after, Number(lastNo), ROWS_A_SEGMENT);
        const { upTo } = await writeSegment(tx, corpus, numbers);
        if (upTo === undefined) return true;
        after = upTo;
      }
    });
  }
}
