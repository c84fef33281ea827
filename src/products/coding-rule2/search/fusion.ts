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
 * other one found out of the answer. So each leg's scores are spread over 0 to 1 and weighed with how far its best rows
 * stand out from what chance alone would bring: for words, BM25 is about the surprise (in nats) of meeting them together
 * in one row, for vectors it is that of so many standard deviations; among n rows chance brings about ln n.
 */
export function fuse<C extends Candidate>(candidates: readonly C[], weights: Weights, background: Background): (C & { score: number })[] {
  const byChance = Math.log(Math.max(background.documents, 2));
  const text = new Leg(candidates.map((row) => row.text), (score) => score - byChance);
  const surprise = surpriseOf(background.usual, candidates.flatMap((row) => row.similarity ?? []));
  const vector = new Leg(candidates.map((row) => row.similarity), (similarity) => surprise(similarity) - byChance);
  const total = weights.text * text.trust + weights.vector * vector.trust || 1;
  const share = { text: (weights.text * text.trust) / total, vector: (weights.vector * vector.trust) / total };
  return candidates
    .map((row) => ({ ...row, score: share.text * text.relative(row.text) + share.vector * vector.relative(row.similarity) }))
    .sort((a, b) => b.score - a.score);
}

/** The scores of one leg, and how much they are to be trusted, from `LEAST_TRUST` to 1. */
class Leg {
  readonly trust: number;
  private readonly best: number;
  private readonly worst: number;

  constructor(scores: readonly (number | null)[], excess: (score: number) => number) {
    const known = scores.filter((score) => score !== null).sort((a, b) => b - a);
    this.best = known[0] ?? 0;
    this.worst = Math.min(known[known.length - 1] ?? 0, this.best);
    const few = known.slice(0, BEST_ROWS);
    const stand = few.reduce((sum, score) => sum + excess(score), 0) / Math.max(few.length, 1);
    this.trust = known.length === 0 ? 0 : Math.min(Math.max(stand / TRUSTED, LEAST_TRUST), 1);
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
