/** Of so many searches it is remembered whether they were answered in full. */
const MOST = 256;

/**
 * Which searches with a model found as many rows as they may answer when they were last made. One plan is kept for all models, and it goes by
 * the index of vectors. For a model of few rows it is a bad one, since the whole table is read after the index has been searched in vain; so
 * searches with it are planned each time.
 */
export class FullAnswers {
  private readonly full = new Map<string, boolean>();

  /** Not where nothing is known yet. */
  has(question: string): boolean {
    return this.full.get(question) === true;
  }

  note(question: string, isFull: boolean): void {
    if (this.full.get(question) === isFull) return;
    // The oldest makes room.
    if (this.full.size >= MOST) this.full.delete(this.full.keys().next().value!);
    this.full.delete(question);
    this.full.set(question, isFull);
  }
}
