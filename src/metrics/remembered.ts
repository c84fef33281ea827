/** A value that is asked for again only when it has grown old. Whoever asks meanwhile waits for the same answer. */
export class Remembered<T> {
  private answer: Promise<T> | undefined;
  private until = 0;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly freshMs: number,
  ) {}

  /** A failure is told to all who waited for it, and counts as an answer: what is down is not asked at each scrape. */
  value(): Promise<T> {
    const now = performance.now();
    if (this.answer === undefined || now >= this.until) {
      this.until = now + this.freshMs;
      this.answer = this.ask();
    }
    return this.answer;
  }
}
