import { tokenise } from '../src/products/coding-rule2/search/tokens.js';

const K1 = 1.2;
const B = 0.75;
/** What the index keeps besides tokens; see tokens.ts. */
const isToken = (term: string) => !term.startsWith('\u0001');

/** BM25 as the textbooks have it, over the same tokens, with every row looked at: what the index is held against. */
export class ReferenceBm25 {
  private readonly rows: { id: number; counts: ReadonlyMap<string, number>; length: number }[] = [];
  private readonly having = new Map<string, number>();
  private tokens = 0;

  add(id: number, text: string): void {
    const { counts } = tokenise(text);
    const own = new Map([...counts].filter(([term]) => isToken(term)));
    const length = [...own.values()].reduce((sum, count) => sum + count, 0);
    this.rows.push({ id, counts: own, length });
    this.tokens += length;
    for (const term of own.keys()) this.having.set(term, (this.having.get(term) ?? 0) + 1);
  }

  /** @returns ids with their scores, best first */
  top(query: string, most: number): { id: number; score: number }[] {
    const average = this.tokens / this.rows.length;
    const terms = [...tokenise(query).counts].filter(([term]) => isToken(term));
    const idf = new Map(terms.map(([term]) => [term, Math.log(1 + (this.rows.length - (this.having.get(term) ?? 0) + 0.5) / ((this.having.get(term) ?? 0) + 0.5))]));
    const scored = this.rows.map(({ id, counts, length }) => {
      let score = 0;
      for (const [term, times] of terms) {
        const frequency = counts.get(term);
        if (frequency !== undefined) score += (times * idf.get(term)! * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * length) / average));
      }
      return { id, score };
    });
    return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score).slice(0, most);
  }
}
