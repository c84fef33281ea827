interface Seen {
  readonly holder: string;
  readonly at: number;
}

const NOBODY: Seen = { holder: '', at: Number.NEGATIVE_INFINITY };

/**
 * Who was at work last. What one may use depends on whether anybody else is there, and whoever asks for something every
 * now and then is there between two requests, too.
 */
export class Attendance {
  private latest = NOBODY;
  /** The latest of those who are not the latest. */
  private other = NOBODY;

  /** @param forMs how long somebody counts as being there, milliseconds */
  constructor(private readonly forMs: number) {}

  note(holder: string, now: number): void {
    if (holder !== this.latest.holder) this.other = this.latest;
    this.latest = { holder, at: now };
  }

  isAnybodyBeside(holder: string, now: number): boolean {
    const { at } = this.latest.holder === holder ? this.other : this.latest;
    return now - at <= this.forMs;
  }
}
