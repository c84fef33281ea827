import type { EntityManager } from 'typeorm';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { readNumberedTexts } from './numbered-texts.js';
import { countPostings, placeOf, withoutLengths, withoutPlaces } from './segment-format.js';
import { tokenise, type Tokens } from './tokens.js';

interface Holder {
  id: string;
  firstNo: string;
  lastNo: string;
  lengths: Buffer;
}

interface ErasedRow extends Tokens {
  readonly no: number;
  readonly hash: bigint;
}

/** What a deletion takes with it. */
export interface Erased {
  /** Entries of the index that said which row has which term. */
  readonly postings: number;
}

/**
 * Takes the words of rows out of the index, in the transaction that deletes or rewrites the rows, and before it does: no
 * word of theirs is left anywhere. A row that is rewritten gets a new number (`text_no = DEFAULT`) and is found by that.
 */
export async function eraseWords(tx: EntityManager, name: CorpusName, ids: readonly string[]): Promise<Erased> {
  const corpus = CORPORA[name];
  // Whoever puts rows into segments waits until this has committed, and does not see the rows any more.
  const [state] = await tx.query<{ settledNo: string }[]>(
    'SELECT settled_no AS "settledNo" FROM coding_rule2.text_corpora WHERE corpus = $1 FOR SHARE',
    [corpus.name],
  );
  const rows = await tx.query<{ no: string }[]>(
    `SELECT text_no AS no FROM ${corpus.table} WHERE id = ANY ($1::uuid[]) AND text_no <= $2 ORDER BY text_no FOR UPDATE`,
    [ids, state?.settledNo ?? 0],
  );
  if (rows.length === 0) return { postings: 0 };
  return eraseNumbers(tx, corpus, rows.map((row) => Number(row.no)));
}

async function eraseNumbers(tx: EntityManager, corpus: Corpus, numbers: readonly number[]): Promise<Erased> {
  const texts: ErasedRow[] = [];
  for await (const { no, hash, text } of readNumberedTexts(tx, corpus, numbers)) texts.push({ no, hash, ...tokenise(text) });
  const holders = await tx.query<Holder[]>(
    `SELECT id, first_no AS "firstNo", last_no AS "lastNo", lengths FROM coding_rule2.text_segments s
      WHERE corpus = $1 AND EXISTS (SELECT FROM unnest($2::bigint[]) AS n (no) WHERE n.no BETWEEN s.first_no AND s.last_no)
      ORDER BY first_no FOR UPDATE`,
    [corpus.name, numbers],
  );
  let postings = 0;
  for (const holder of holders) {
    const held = texts.filter(({ no }) => no >= Number(holder.firstNo) && no <= Number(holder.lastNo));
    postings += await eraseFrom(tx, holder, held);
  }
  return { postings };
}

async function eraseFrom(tx: EntityManager, { id, firstNo, lengths }: Holder, rows: readonly ErasedRow[]): Promise<number> {
  const places = new Set(rows.map((row) => placeOf(row.no)));
  const terms = [...new Set(rows.flatMap((row) => [...row.counts.keys()]))];
  const found = await tx.query<{ term: string; postings: Buffer }[]>(
    'SELECT term, postings FROM coding_rule2.text_postings WHERE segment_id = $1 AND term = ANY ($2)',
    [id, terms],
  );
  const left = found.map(({ term, postings }) => ({ term, before: postings.length, postings: withoutPlaces(postings, places) }));
  const changed = left.filter(({ before, postings }) => postings.length > 0 && postings.length < before);
  const emptied = left.filter(({ postings }) => postings.length === 0);
  await tx.query('DELETE FROM coding_rule2.text_postings WHERE segment_id = $1 AND term = ANY ($2)', [id, emptied.map(({ term }) => term)]);
  await tx.query(
    `UPDATE coding_rule2.text_postings p SET postings = c.postings
       FROM unnest($2::text[], $3::bytea[]) AS c (term, postings)
      WHERE p.segment_id = $1 AND p.term = c.term`,
    [id, changed.map(({ term }) => term), changed.map(({ postings }) => postings)],
  );
  await tx.query(
    `UPDATE coding_rule2.text_segments
        SET version = version + 1, documents = documents - $2::int, tokens = tokens - $3::bigint, checksum = checksum - $4::numeric, lengths = $5
      WHERE id = $1`,
    [id, rows.length, rows.reduce((sum, row) => sum + row.length, 0), rows.reduce((sum, row) => sum + row.hash, 0n).toString(), withoutLengths(lengths, places, Number(firstNo))],
  );
  return left.reduce((sum, { before, postings }) => sum + countPostings(before - postings.length), 0);
}
