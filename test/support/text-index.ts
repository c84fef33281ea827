import type { Corpus } from '../../src/products/coding-rule2/search/corpus.js';
import { tokenise } from '../../src/products/coding-rule2/search/tokens.js';

/** Asks the database that the index stands in. */
export type Ask = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

interface Segment {
  id: string;
  firstNo: string;
  lastNo: string;
  documents: number;
  tokens: string;
  checksum: string;
  lengths: Buffer;
}

interface TextRow {
  no: string;
  text: string;
  hash: string;
}

/**
 * Where the segments of a corpus are not what its rows say, in words; nothing where they agree to the last posting. Rows are read as
 * they are and their words counted anew: nothing of what writes segments is used but the tokeniser. Texts are to be short: of a row
 * of more than 32,767 tokens the segment keeps the length in steps.
 */
export async function disagreements(ask: Ask, corpus: Corpus): Promise<string[]> {
  const segments = await ask<Segment>(
    `SELECT id, first_no AS "firstNo", last_no AS "lastNo", documents, tokens, checksum::text AS checksum, lengths
       FROM coding_rule2.text_segments WHERE corpus = $1 ORDER BY first_no`,
    [corpus.name],
  );
  const rows = await ask<TextRow>(`SELECT text_no AS no, ${corpus.text} AS text, hashtextextended(${corpus.text}, 0)::text AS hash FROM ${corpus.table} ORDER BY text_no`);
  const [state] = await ask<{ settledNo: string }>('SELECT settled_no AS "settledNo" FROM coding_rule2.text_corpora WHERE corpus = $1', [corpus.name]);
  const orphans = await ask<{ id: string }>('SELECT DISTINCT segment_id AS id FROM coding_rule2.text_postings WHERE NOT EXISTS (SELECT FROM coding_rule2.text_segments WHERE id = segment_id)');
  const wrong = orphans.map(({ id }) => `postings of ${id}, which is no segment`);
  for (const { no } of rows) {
    const holders = segments.filter(({ firstNo, lastNo }) => Number(no) >= Number(firstNo) && Number(no) <= Number(lastNo)).length;
    const wanted = Number(no) <= Number(state?.settledNo) ? 1 : 0;
    if (holders !== wanted) wrong.push(`row ${no} is in ${holders} segments, not in ${wanted}`);
  }
  for (const segment of segments) wrong.push(...(await wrongInSegment(ask, corpus, segment, rows)));
  return wrong;
}

async function wrongInSegment(ask: Ask, corpus: Corpus, segment: Segment, rows: readonly TextRow[]): Promise<string[]> {
  const first = Number(segment.firstNo);
  const own = rows.filter(({ no }) => Number(no) >= first && Number(no) <= Number(segment.lastNo));
  const expected = new Map<string, string[]>();
  const lengths = Buffer.alloc(segment.lengths.length);
  let tokens = 0;
  for (const { no, text } of own) {
    const row = tokenise(corpus.readText(text));
    tokens += row.length;
    lengths.writeUInt16LE(row.length, 2 * (Number(no) - first));
    for (const [term, times] of row.counts) {
      const posting = `${no} × ${Math.min(times, 255)}`;
      const known = expected.get(term);
      if (known) known.push(posting);
      else expected.set(term, [posting]);
    }
  }
  const window = Math.floor(first / 65_536) * 65_536;
  const postings = await ask<{ term: string; postings: Buffer }>('SELECT term, postings FROM coding_rule2.text_postings WHERE segment_id = $1', [segment.id]);
  const found = new Map(postings.map(({ term, postings: bytes }) => [term, readPlainly(bytes, window)]));
  const checksum = own.reduce((sum, { hash }) => sum + BigInt(hash), 0n).toString();
  const where = `segment ${segment.firstNo} to ${segment.lastNo}`;
  const wrong: string[] = [];
  if (segment.documents !== own.length) wrong.push(`${where}: ${segment.documents} rows, not ${own.length}`);
  if (Number(segment.tokens) !== tokens) wrong.push(`${where}: ${segment.tokens} tokens, not ${tokens}`);
  if (segment.checksum !== checksum) wrong.push(`${where}: another checksum than its rows have`);
  if (!segment.lengths.equals(lengths)) wrong.push(`${where}: other lengths than its rows have`);
  for (const term of new Set([...expected.keys(), ...found.keys()])) {
    const [is, should] = [found.get(term)?.join(', '), expected.get(term)?.join(', ')];
    if (is !== should) wrong.push(`${where}: ${JSON.stringify(term)} in ${is ?? 'no row'}, not in ${should ?? 'no row'}`);
  }
  return wrong;
}

/** Three bytes each: the place in the window, the lower byte first, and how often. */
function readPlainly(bytes: Buffer, window: number): string[] {
  return Array.from({ length: bytes.length / 3 }, (_, at) => `${window + bytes[3 * at]! + 256 * bytes[3 * at + 1]!} × ${bytes[3 * at + 2]!}`);
}
