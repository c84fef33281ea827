import { tokenise } from '../src/products/coding-rule2/search/tokens.js';

const K1 = 1.2;
const B = 0.75;
/** What the index keeps besides tokens; see tokens.ts. */
const isToken = (term: string) => !term.startsWith('\u0001');

/** BM25 as the textbooks have it, over the same tokens, with every row looked at: what the index is held against. */
export class ReferenceBm25 {
  private readonly ids: number[] = [];
  private readonly lengths: number[] = [];
  /** Which rows have a term, by their place in the lists above, and how often. */
  private readonly postings = new Map<string, { rows: number[]; times: number[] }>();
  private readonly isAsked: ReadonlySet<string> | undefined;
  private tokens = 0;

  /** @param asked keeps of the texts only what these questions need: a million texts fit into memory then */
  constructor(asked?: readonly string[]) {
    this.isAsked = asked && new Set(asked.flatMap((question) => [...tokenise(question).counts.keys()]));
  }

  add(id: number, text: string): void {
    const row = this.ids.push(id) - 1;
    let length = 0;
    for (const [term, times] of tokenise(text).counts) {
      if (!isToken(term)) continue;
      length += times;
      if (this.isAsked !== undefined && !this.isAsked.has(term)) continue;
      const list = this.postings.get(term) ?? { rows: [], times: [] };
      if (list.rows.length === 0) this.postings.set(term, list);
      list.rows.push(row);
      list.times.push(times);
    }
    this.lengths.push(length);
    this.tokens += length;
  }

  /** @returns ids with their scores, best first */
  top(query: string, most: number): { id: number; score: number }[] {
    const rows = this.ids.length;
    const average = this.tokens / rows;
    const scores = new Float64Array(rows);
    for (const [term, said] of tokenise(query).counts) {
      const list = isToken(term) ? this.postings.get(term) : undefined;
      if (list === undefined) continue;
      const idf = Math.log(1 + (rows - list.rows.length + 0.5) / (list.rows.length + 0.5));
      for (const [nth, row] of list.rows.entries()) {
        const frequency = list.times[nth]!;
        scores[row]! += (said * idf * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * this.lengths[row]!) / average));
      }
    }
    // What can't be among the best is left out before anything is sorted.
    const least = scores.toSorted().at(-most) ?? 0;
    const found: { id: number; score: number }[] = [];
    for (const [row, score] of scores.entries()) if (score > 0 && score >= least) found.push({ id: this.ids[row]!, score });
    return found.sort((a, b) => b.score - a.score).slice(0, most);
  }
}
