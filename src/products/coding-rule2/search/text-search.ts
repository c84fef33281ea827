import type { EntityManager } from 'typeorm';
import { inverseFrequency, lengthNorm, termScore, type LengthNorm } from './bm25.js';
import type { Corpus } from './corpus.js';
import { placeOf, type Postings } from './segment-format.js';
import { SegmentReader } from './segment-reader.js';
import { scoreSegment } from './segment-scoring.js';
import { NewRows, type SegmentView, type TextSnapshot } from './text-snapshot.js';
import { TopRows, type RankedRow } from './top-rows.js';
import type { QueryTerm, Tokens } from './tokens.js';

/** What a corpus holds for one query, loaded and ready to be ranked as often as filters make it necessary. */
export class LoadedQuery {
  private readonly weights: readonly number[];
  private readonly norm: LengthNorm;
  readonly documents: number;

  constructor(
    private readonly terms: readonly QueryTerm[],
    private readonly snapshot: TextSnapshot,
    private readonly postings: readonly Postings[][],
    private readonly lengths: readonly Float32Array[],
  ) {
    const { segments, newRows } = snapshot;
    let tokens = 0;
    for (const segment of segments) tokens += segment.tokens;
    for (const row of newRows.values()) tokens += row.length;
    this.documents = segments.reduce((sum, segment) => sum + segment.documents, newRows.size);
    this.norm = lengthNorm({ documents: this.documents, tokens });
    this.weights = terms.map((term, at) => {
      let having = 0;
      for (const list of postings) having += list[at]!.count;
      for (const row of newRows.values()) if (frequencyIn(row, term) > 0) having++;
      return term.times * inverseFrequency(this.documents, having);
    });
  }

  get isIncomplete(): boolean {
    return this.snapshot.isIncomplete;
  }

  /** How many rows are in no segment yet. */
  get newRows(): number {
    return this.snapshot.newRows.size;
  }

  /** The best rows with at least one of the terms, best first. @param allowed numbers of the rows that may be among them */
  rank(most: number, allowed?: ReadonlySet<number>): RankedRow[] {
    const top = new TopRows(most);
    for (const [no, row] of this.snapshot.newRows) {
      if (allowed !== undefined && !allowed.has(no)) continue;
      const score = this.scoreOf(row);
      if (score > 0 && score >= top.threshold) top.add(no, score);
    }
    // Newest first: of rows that score alike the newer ones win anyway.
    for (const [s, segment] of [...this.snapshot.segments.entries()].toReversed()) {
      const places = allowed && placesIn(segment, allowed);
      if (places?.size === 0) continue;
      const terms = this.postings[s]!.map((postings, at) => ({ weight: this.weights[at]!, postings })).filter(({ postings }) => postings.count > 0);
      if (terms.length > 0) scoreSegment({ ...segment, lengths: this.lengths[s]!, terms }, this.norm, top, places);
    }
    return top.ranked();
  }

  /** What a row scores with these tokens. */
  scoreOf(row: Tokens): number {
    let score = 0;
    for (const [at, term] of this.terms.entries()) {
      const frequency = frequencyIn(row, term);
      if (frequency > 0) score += termScore(this.weights[at]!, frequency, row.length, this.norm);
    }
    return score;
  }
}

/** Ranks the rows of one corpus by BM25. */
export class TextSearch {
  private readonly newRows = new NewRows();
  private readonly reader = new SegmentReader();

  constructor(private readonly corpus: Corpus) {}

  /** @param tx a transaction of one snapshot: what is read in several statements must fit together */
  async load(tx: EntityManager, terms: readonly QueryTerm[]): Promise<LoadedQuery> {
    const snapshot = await this.newRows.snapshot(tx, this.corpus);
    const postings = await this.reader.read(tx, snapshot.segments, terms);
    const lengths = await this.reader.readLengths(tx, snapshot.segments);
    return new LoadedQuery(terms, snapshot, postings, lengths);
  }
}

function frequencyIn(row: Tokens, { term, startsWith }: QueryTerm): number {
  if (startsWith === undefined) return row.counts.get(term) ?? 0;
  let frequency = row.counts.get(term) ?? 0;
  for (const [token, count] of row.counts) if (token.startsWith(startsWith)) frequency += count;
  return frequency;
}

function placesIn({ firstNo, lastNo }: SegmentView, numbers: ReadonlySet<number>): Set<number> {
  const places = new Set<number>();
  for (const no of numbers) if (no >= firstNo && no <= lastNo) places.add(placeOf(no));
  return places;
}
