import type { EntityManager } from 'typeorm';
import { newId } from '../../../database/new-id.js';
import type { Corpus } from './corpus.js';
import { readNumberedTexts } from './numbered-texts.js';
import { SegmentBuilder } from './segment-builder.js';
import { windowOf } from './segment-format.js';

/** Terms written by one statement: few enough for others to get their turn in between. */
const TERMS_A_STATEMENT = 5_000;
/** Postings of one segment as it is first written, of which each takes seven bytes of memory until then. Rows of long texts have thousands. */
const MOST_POSTINGS = 4_000_000;

/** Only one process at a time changes what is in segments; who takes rows out of them waits for its turn. */
export async function lockCorpus(tx: EntityManager, corpus: Corpus): Promise<{ settledNo: number }> {
  const [row] = await tx.query<{ settledNo: string }[]>(
    'SELECT settled_no AS "settledNo" FROM coding_rule2.text_corpora WHERE corpus = $1 FOR UPDATE',
    [corpus.name],
  );
  return { settledNo: Number(row?.settledNo ?? 0) };
}

/**
 * Writes a segment of the given rows, which lie in one window, ascending; of rows with very many words only the first ones. None is
 * written for no rows. @returns how many rows are in it, and the number up to which all are: undefined where no number was given
 */
export async function writeSegment(tx: EntityManager, corpus: Corpus, numbers: readonly number[]): Promise<{ rows: number; upTo: number | undefined }> {
  const firstNo = numbers[0];
  const lastNo = numbers.at(-1);
  if (firstNo === undefined || lastNo === undefined) return { rows: 0, upTo: undefined };
  if (windowOf(firstNo) !== windowOf(lastNo)) throw new Error('A segment must lie in one window.');
  const builder = new SegmentBuilder(firstNo, lastNo);
  let checksum = 0n;
  for await (const row of readNumberedTexts(tx, corpus, numbers)) {
    builder.add(row);
    checksum += row.hash;
    if (builder.postings >= MOST_POSTINGS) break;
  }
  const upTo = builder.postings >= MOST_POSTINGS ? builder.lastNo : lastNo;
  if (builder.documents === 0) return { rows: 0, upTo };
  const { terms, sizes, postings, lengths } = await builder.finish();
  const id = newId();
  await tx.query(
    `INSERT INTO coding_rule2.text_segments (id, corpus, first_no, last_no, documents, tokens, checksum, lengths)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, corpus.name, firstNo, builder.lastNo, builder.documents, builder.tokens, checksum.toString(), lengths],
  );
  await writePostings(tx, id, terms, sizes, postings);
  return { rows: builder.documents, upTo };
}

/** The postings of many terms go over as one value that PostgreSQL cuts up, and so do the terms: as lists of values they would be printed one by one. No term has a space. */
async function writePostings(tx: EntityManager, id: string, terms: readonly string[], sizes: readonly number[], postings: Buffer): Promise<void> {
  let from = 0;
  for (let first = 0; first < terms.length; first += TERMS_A_STATEMENT) {
    const some = sizes.slice(first, first + TERMS_A_STATEMENT);
    const bytes = some.reduce((sum, size) => sum + size, 0);
    let offset = 1;
    const offsets = some.map((size) => (offset += size) - size);
    await tx.query(
      `INSERT INTO coding_rule2.text_postings (segment_id, term, postings)
       SELECT $1, t.term, substring($2::bytea FROM t.first FOR t.size)
         FROM unnest(string_to_array($3, ' '), $4::int[], $5::int[]) AS t (term, first, size)`,
      [id, postings.subarray(from, from + bytes), terms.slice(first, first + TERMS_A_STATEMENT).join(' '), `{${offsets.join(',')}}`, `{${some.join(',')}}`],
    );
    from += bytes;
  }
}

/** Takes a segment away, its rows' words with it. */
export async function dropSegments(tx: EntityManager, ids: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM coding_rule2.text_postings WHERE segment_id = ANY ($1)', [ids]);
  await tx.query('DELETE FROM coding_rule2.text_segments WHERE id = ANY ($1)', [ids]);
}

/** The numbers of the rows from one number to another, ascending, at most so many and all of one window. */
export async function numbersBetween(tx: Pick<EntityManager, 'query'>, corpus: Corpus, after: number, upTo: number, most: number): Promise<number[]> {
  const rows = await tx.query<{ no: string }[]>(
    `SELECT text_no AS no FROM ${corpus.table} WHERE text_no > $1 AND text_no <= $2 ORDER BY text_no LIMIT $3`,
    [after, upTo, most],
  );
  const numbers = rows.map((row) => Number(row.no));
  const window = windowOf(numbers[0] ?? 0);
  return numbers.filter((no) => windowOf(no) === window);
}
