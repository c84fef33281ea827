import type { EntityManager } from 'typeorm';
import type { Corpus } from './corpus.js';
import { readNumberedTexts } from './numbered-texts.js';
import { tokenise, type Tokens } from './tokens.js';

/** A segment as a search sees it. */
export interface SegmentView {
  readonly id: string;
  readonly version: number;
  readonly firstNo: number;
  readonly lastNo: number;
  readonly documents: number;
  readonly tokens: number;
}

/** Everything that can be found at one moment: the segments, and the rows that are in none yet. */
export interface TextSnapshot {
  readonly segments: readonly SegmentView[];
  readonly newRows: ReadonlyMap<number, Tokens>;
  /** There are more rows than `newRows` holds: only the newest are searched until they are indexed. */
  readonly isIncomplete: boolean;
}

/** New rows that a search looks into; a load by SQL may leave more behind for a while. */
const MOST_NEW_ROWS = 10_000;

/** The tokens of rows that are in no segment yet, kept from one search to the next. */
export class NewRows {
  private tokens = new Map<number, { version: string; tokens: Tokens }>();

  /** @param tx a transaction of one snapshot: the rows are read by statements of their own */
  async snapshot(tx: EntityManager, corpus: Corpus): Promise<TextSnapshot> {
    // A row that is rewritten keeps its number; its transaction and its place in the table tell.
    const [row] = await tx.query<{ segments: SegmentView[]; numbers: string[]; versions: string[] }[]>(
      `SELECT s.segments, n.numbers, n.versions
         FROM (SELECT coalesce(json_agg(json_build_object('id', id, 'version', version, 'firstNo', first_no, 'lastNo', last_no,
                                                          'documents', documents, 'tokens', tokens) ORDER BY first_no), '[]') AS segments
                 FROM coding_rule2.text_segments WHERE corpus = $1) s,
              (SELECT coalesce(array_agg(text_no), '{}') AS numbers, coalesce(array_agg(xmin::text || ctid::text), '{}') AS versions
                 FROM (SELECT text_no, xmin, ctid FROM ${corpus.table}
                        WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = $1)
                        ORDER BY text_no DESC LIMIT ${MOST_NEW_ROWS + 1}) newest) n`,
      [corpus.name],
    );
    const { segments = [], numbers = [], versions = [] } = row ?? {};
    const rows = numbers.slice(0, MOST_NEW_ROWS).map((no, at) => ({ no, version: versions[at]! }));
    return { segments, newRows: await this.read(tx, corpus, rows), isIncomplete: numbers.length > MOST_NEW_ROWS };
  }

  private async read(tx: EntityManager, corpus: Corpus, rows: readonly { no: string; version: string }[]): Promise<Map<number, Tokens>> {
    const versions = new Map(rows.map(({ no, version }) => [Number(no), version]));
    const unread = [...versions].filter(([no, version]) => this.tokens.get(no)?.version !== version).map(([no]) => no);
    const read = new Map<number, Tokens>();
    if (unread.length > 0) for await (const { no, text } of readNumberedTexts(tx, corpus, unread)) read.set(no, tokenise(text));
    const now = new Map<number, { version: string; tokens: Tokens }>();
    for (const [no, version] of versions) {
      const tokens = read.get(no) ?? this.tokens.get(no)?.tokens;
      if (tokens !== undefined) now.set(no, { version, tokens });
    }
    this.tokens = now;
    return new Map([...now].map(([no, { tokens }]) => [no, tokens]));
  }
}
