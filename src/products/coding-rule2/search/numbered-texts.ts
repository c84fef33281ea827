import type { EntityManager } from 'typeorm';
import type { Corpus } from './corpus.js';

/** A row as it goes into the index. */
export interface NumberedText {
  readonly no: number;
  /** What of it is words. */
  readonly text: string;
  /** PostgreSQL's hash of the text as it is kept. */
  readonly hash: bigint;
}

/** Texts read at once, bytes: a text may have millions, and thousands of rows are asked for. */
const MOST_BYTES = 4_000_000;
/** Texts read at once: tokenising them holds up everything else that the process does. */
const MOST_ROWS = 200;

/** The rows with the given numbers, in the order of these; what is not there is left out. Reads in portions. */
export async function* readNumberedTexts(tx: EntityManager, corpus: Corpus, numbers: readonly number[]): AsyncGenerator<NumberedText> {
  for (const portion of await portions(tx, corpus, numbers)) {
    const rows = await tx.query<{ no: string; text: string; hash: string }[]>(
      `SELECT text_no AS no, ${corpus.text} AS text, hashtextextended(${corpus.text}, 0) AS hash
         FROM ${corpus.table} WHERE text_no = ANY ($1) ORDER BY text_no`,
      [portion],
    );
    for (const { no, text, hash } of rows) yield { no: Number(no), hash: BigInt(hash), text: corpus.readText(text) };
  }
}

async function portions(tx: EntityManager, corpus: Corpus, numbers: readonly number[]): Promise<number[][]> {
  const sizes = await tx.query<{ no: string; bytes: number }[]>(
    `SELECT text_no AS no, ${corpus.size} AS bytes FROM ${corpus.table} WHERE text_no = ANY ($1) ORDER BY text_no`,
    [numbers],
  );
  const all: number[][] = [];
  let last: number[] = [];
  let left = 0;
  for (const { no, bytes } of sizes) {
    // Texts of no bytes may come first.
    if (all.length === 0 || last.length === MOST_ROWS || bytes > left) {
      all.push((last = []));
      left = MOST_BYTES;
    }
    last.push(Number(no));
    left -= bytes;
  }
  return all;
}

/** The searched texts of rows by id, for scoring them as they are now. */
export async function readTexts(tx: EntityManager, corpus: Corpus, ids: readonly string[]): Promise<{ id: string; text: string }[]> {
  if (ids.length === 0) return [];
  const rows = await tx.query<{ id: string; text: string }[]>(`SELECT id, ${corpus.text} AS text FROM ${corpus.table} WHERE id = ANY ($1::uuid[])`, [ids]);
  return rows.map(({ id, text }) => ({ id, text: corpus.readText(text) }));
}
