export interface RankedRow {
  readonly no: number;
  readonly score: number;
}

/** The best of many rows: a heap with the worst of those kept at its root. Of equal scores the newer row wins. */
export class TopRows {
  private readonly heap: RankedRow[] = [];

  constructor(
    private readonly most: number,
    /** What is known beforehand that a row must score. */
    private readonly atLeast = 0,
  ) {}

  /** A row must score at least this much to come in. */
  get threshold(): number {
    return this.heap.length < this.most ? this.atLeast : Math.max(this.heap[0]!.score, this.atLeast);
  }

  add(no: number, score: number): void {
    const row = { no, score };
    if (this.heap.length < this.most) {
      this.heap.push(row);
      this.rise(this.heap.length - 1);
    } else if (isWorse(this.heap[0]!, row)) {
      this.heap[0] = row;
      this.sink(0);
    }
  }

  /** Best first. */
  ranked(): RankedRow[] {
    return [...this.heap].sort((a, b) => (isWorse(a, b) ? 1 : -1));
  }

  private rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isWorse(this.heap[at]!, this.heap[parent]!)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let worst = at;
      if (left < this.heap.length && isWorse(this.heap[left]!, this.heap[worst]!)) worst = left;
      if (right < this.heap.length && isWorse(this.heap[right]!, this.heap[worst]!)) worst = right;
      if (worst === at) return;
      this.swap(at, worst);
      at = worst;
    }
  }

  private swap(a: number, b: number): void {
    [this.heap[a], this.heap[b]] = [this.heap[b]!, this.heap[a]!];
  }
}

function isWorse(a: RankedRow, b: RankedRow): boolean {
  return a.score === b.score ? a.no < b.no : a.score < b.score;
}
