import { MOST_NATS, standOut } from './standing-out.js';

/** A row that at least one leg found, with what each says about it; null where it says nothing. */
export interface Candidate {
  readonly id: string;
  /** BM25. */
  readonly text: number | null;
  /** 1 − cosine distance. */
  readonly similarity: number | null;
}

export interface Weights {
  readonly text: number;
  readonly vector: number;
}

/** What is usual in the corpus, against which a leg's best rows stand out or don't. */
export interface Background {
  readonly documents: number;
  /** Similarities of rows taken at random. */
  readonly usual: readonly number[];
}

/** A leg whose best rows stand out by this many nats more than chance explains is trusted fully. */
const TRUSTED = 8;
/** Even a leg that stands out by nothing breaks ties. */
const LEAST_TRUST = 0.02;
/** Fewer similarities than these say little about what is usual. */
const ENOUGH_USUAL = 20;
/** A leg's judgement is that of its best few rows: one alone may stand out by accident. */
const BEST_ROWS = 3;

/**
 * Joins the judgements of both legs, best first. Adding up ranks would let a leg that knows nothing push half of what the
 * other one found out of the answer. Two things are added up instead.
 *
 * The first is evidence, a row at a time: how far a row stands out from the slope at which the scores of its leg fall, in
 * nats beyond what chance would bring to the top of such a list. It has no scale of its own, so both legs can be compared.
 *
 * The second decides where no row stands out: each leg's scores are spread over 0 to 1 and weighed with how far its best rows
 * are from what is usual in the corpus: for words, BM25 is about the surprise (in nats) of meeting them together in one row,
 * for vectors it is that of so many standard deviations; among n rows chance brings about ln n.
 */
export function fuse<C extends Candidate>(candidates: readonly C[], weights: Weights, background: Background): (C & { score: number })[] {
  const byChance = Math.log(Math.max(background.documents, 2));
  const similarities = candidates.map((row) => row.similarity);
  const surprise = surpriseOf(background.usual, similarities.filter((similarity) => similarity !== null));
  const text = new Leg(candidates.map((row) => row.text), (score) => score - byChance, false);
  const vector = new Leg(similarities, (similarity) => surprise(similarity) - byChance, true);
  const total = weights.text * text.trust + weights.vector * vector.trust || 1;
  const share = { text: (weights.text * text.trust) / total, vector: (weights.vector * vector.trust) / total };
  return candidates
    .map((row) => {
      const evidence = weights.text * text.evidence(row.text) + weights.vector * vector.evidence(row.similarity);
      return { ...row, score: evidence + share.text * text.relative(row.text) + share.vector * vector.relative(row.similarity) };
    })
    .sort((a, b) => b.score - a.score);
}

/** The scores of one leg: how much they are to be trusted, from `LEAST_TRUST` to 1, and what each says. */
class Leg {
  readonly trust: number;
  private readonly best: number;
  private readonly worst: number;
  private readonly standing: ((score: number) => number) | undefined;

  /** @param excess by how many nats a score is more than chance would bring, as far as the corpus tells */
  constructor(
    scores: readonly (number | null)[],
    private readonly excess: (score: number) => number,
    /** No row is better evidence than that. Not so for words: BM25 takes them for independent of each other, which they are not. */
    private readonly boundsEvidence: boolean,
  ) {
    const known = scores.filter((score) => score !== null).sort((a, b) => b - a);
    this.best = known[0] ?? 0;
    this.worst = Math.min(known[known.length - 1] ?? 0, this.best);
    const few = known.slice(0, BEST_ROWS);
    const stand = few.reduce((sum, score) => sum + excess(score), 0) / Math.max(few.length, 1);
    this.trust = known.length === 0 ? 0 : Math.min(Math.max(stand / TRUSTED, LEAST_TRUST), 1);
    this.standing = standOut(known);
  }

  /** In nats, more than 0; next to nothing for a row that chance may have brought. */
  evidence(score: number | null): number {
    if (score === null) return 0;
    const nats = this.standing?.(score) ?? MOST_NATS;
    const isBounded = this.boundsEvidence || this.standing === undefined;
    return Math.log1p(Math.exp(isBounded ? Math.min(nats, this.excess(score)) : nats));
  }

  /** Where a score stands between the worst and the best of the candidates. */
  relative(score: number | null): number {
    if (score === null) return 0;
    return this.best === this.worst ? 1 : (score - this.worst) / (this.best - this.worst);
  }
}

/** How surprising a similarity is, in nats, if similarities are spread normally around what is usual. */
function surpriseOf(usual: readonly number[], found: readonly number[]): (similarity: number) => number {
  const sample = usual.length >= ENOUGH_USUAL ? usual : [...usual, ...found];
  const mean = sample.reduce((sum, x) => sum + x, 0) / Math.max(sample.length, 1);
  const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(sample.length - 1, 1);
  const deviation = Math.sqrt(variance) || 1;
  return (similarity) => {
    const z = (similarity - mean) / deviation;
    return z < 1 ? 0 : (z * z) / 2 + Math.log(z * Math.sqrt(2 * Math.PI));
  };
}
