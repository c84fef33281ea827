import type { EntityManager } from 'typeorm';
import { inverseFrequency, lengthNorm, mostOf, termScore, type LengthNorm } from './bm25.js';
import type { Corpus } from './corpus.js';
import { SegmentReader, type TermInSegment } from './segment-reader.js';
import { forEachSum, type ScoredSegment } from './segment-scoring.js';
import { NewRows, type TextSnapshot } from './text-snapshot.js';
import { TopRows, type RankedRow } from './top-rows.js';
import type { QueryTerm, Tokens } from './tokens.js';
import { GivingWay } from './giving-way.js';

/** New rows that are scored before it is asked whether others wait. */
const NEW_ROWS_A_TURN = 64;

/** Some of a query's terms. */
type Chosen = (term: number) => boolean;

/** What a corpus holds for one query: how many rows have each term, and which, as far as it was read. */
export class LoadedQuery {
  /** What a term is worth, by its place in the query. */
  private readonly weights: readonly number[];
  /** How many rows have it. */
  private readonly having: readonly number[];
  private readonly norm: LengthNorm;
  readonly documents: number;

  constructor(
    private readonly terms: readonly QueryTerm[],
    private readonly snapshot: TextSnapshot,
    private readonly known: readonly TermInSegment[][],
    private readonly lengths: readonly Int32Array[],
    private readonly readMore: (isChosen: Chosen) => Promise<void>,
  ) {
    const { segments, newRows } = snapshot;
    let tokens = 0;
    for (const segment of segments) tokens += segment.tokens;
    for (const row of newRows.values()) tokens += row.length;
    this.documents = segments.reduce((sum, segment) => sum + segment.documents, newRows.size);
    this.norm = lengthNorm({ documents: this.documents, tokens });
    this.having = terms.map((term, at) => {
      let having = 0;
      for (const list of known) having += list[at]!.count;
      for (const row of newRows.values()) if (frequencyIn(row, term) > 0) having++;
      return having;
    });
    this.weights = terms.map((term, at) => term.times * inverseFrequency(this.documents, this.having[at]!));
  }

  get isIncomplete(): boolean {
    return this.snapshot.isIncomplete;
  }

  /** How many rows are in no segment yet. */
  get newRows(): number {
    return this.snapshot.newRows.size;
  }

  /**
   * The rarest terms, as many as one likes: the next one is taken as long as `isEnough` says no.
   * @param withRead those that are in memory are taken before all others, however frequent they are: they cost nothing to read
   */
  rarest(isEnough: (soFar: { postings: number; rest: number }) => boolean, { withRead = false } = {}): { isRare: Chosen; rest: number; isAll: boolean } {
    const read = new Set(withRead ? [...this.terms.keys()].filter((at) => this.isTermRead(at)) : []);
    const rare = new Set(read);
    let rest = this.weights.reduce((sum, weight, at) => (read.has(at) ? sum : sum + mostOf(weight)), 0);
    let postings = 0;
    const unread = [...this.having.keys()].filter((at) => !read.has(at));
    for (const at of unread.sort((a, b) => this.having[a]! - this.having[b]!)) {
      postings += this.having[at]!;
      if (isEnough({ postings, rest })) break;
      rare.add(at);
      rest -= mostOf(this.weights[at]!);
    }
    const isAll = rare.size === this.terms.length;
    return { isRare: (at) => rare.has(at), rest: isAll ? 0 : rest, isAll };
  }

  /** The postings of all terms are in memory. */
  get isRead(): boolean {
    return [...this.terms.keys()].every((at) => this.isTermRead(at));
  }

  /** Reads the postings of some terms, where they have not been. */
  read(isChosen: Chosen = () => true): Promise<void> {
    return this.readMore(isChosen);
  }

  /**
   * Calls back for each row to which the chosen terms, which must have been read, add at least so much; once.
   * @param allowed numbers of the rows that may come in; undefined for all
   * @param visit is told whether the sum is all that the row scores, as it is for a new row
   */
  async forEachSum(isChosen: Chosen, allowed: ReadonlySet<number> | undefined, atLeast: () => number, visit: (no: number, sum: number, isWhole: boolean) => void): Promise<void> {
    const others = new GivingWay();
    let rows = 0;
    for (const [no, row] of this.snapshot.newRows) {
      if (rows++ % NEW_ROWS_A_TURN === 0) await others.next();
      const score = allowed === undefined || allowed.has(no) ? this.scoreOf(row) : 0;
      if (score > 0 && score >= atLeast()) visit(no, score, true);
    }
    // Newest first: of rows that score alike the newer ones win anyway.
    for (const s of [...this.snapshot.segments.keys()].toReversed()) {
      await others.next();
      forEachSum(this.segment(s, isChosen), this.norm, atLeast(), (no, sum) => {
        if (allowed === undefined || allowed.has(no)) visit(no, sum, false);
      });
    }
  }

  /**
   * The best rows with at least one of the terms, best first; all terms must have been read.
   * @param atLeast what a row must score, as far as it is known
   */
  async rank(most: number, allowed?: ReadonlySet<number>, atLeast = 0): Promise<RankedRow[]> {
    const top = new TopRows(most, atLeast);
    const offer = (no: number, sum: number) => {
      if (sum >= top.threshold) top.add(no, sum);
    };
    await this.forEachSum(() => true, allowed, () => top.threshold, offer);
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

  private isTermRead(at: number): boolean {
    return this.known.every((list) => list[at]!.postings !== undefined);
  }

  private segment(s: number, isChosen: Chosen): ScoredSegment {
    const terms = this.known[s]!.flatMap(({ count, postings }, at) => {
      if (count === 0 || !isChosen(at)) return [];
      if (postings === undefined) throw new Error('The postings of a term are gone through before they were read.');
      return [{ weight: this.weights[at]!, postings }];
    });
    const { firstNo, lastNo } = this.snapshot.segments[s]!;
    return { firstNo, lastNo, lengths: this.lengths[s]!, terms };
  }
}

/** Looks up the terms of queries in one corpus. */
export class TextSearch {
  private readonly newRows = new NewRows();
  private readonly reader = new SegmentReader();

  constructor(private readonly corpus: Corpus) {}

  /** @param tx a transaction of one snapshot: what is read in several statements must fit together */
  async load(tx: EntityManager, terms: readonly QueryTerm[]): Promise<LoadedQuery> {
    const snapshot = await this.newRows.snapshot(tx, this.corpus);
    const { segments } = snapshot;
    const known = await this.reader.look(tx, segments, terms);
    const lengths = await this.reader.readLengths(tx, segments);
    return new LoadedQuery(terms, snapshot, known, lengths, (isChosen) => this.reader.complete(tx, segments, terms, known, isChosen));
  }
}

function frequencyIn(row: Tokens, { term, startsWith }: QueryTerm): number {
  if (startsWith === undefined) return row.counts.get(term) ?? 0;
  let frequency = row.counts.get(term) ?? 0;
  for (const [token, count] of row.counts) if (token.startsWith(startsWith)) frequency += count;
  return frequency;
}
