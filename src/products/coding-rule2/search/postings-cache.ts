/**
 * What was read of segments, up to a number of bytes; what was not used since it last came to the front goes first. A segment never
 * changes under the same id and version, so nothing here can be out of date: a search asks for the versions that it sees.
 */
export class PostingsCache<Value> {
  private readonly segments = new Map<string, Map<string, Entry<Value>>>();
  /** All entries, the oldest first. */
  private readonly entries = new Set<Entry<Value>>();
  private bytes = 0;

  constructor(private readonly limit: number) {}

  /** What is known of one version of a segment, by key: a search asks for hundreds of keys of each. */
  of(segment: string): { get(key: string): Value | undefined } {
    const entries = this.segments.get(segment);
    return {
      get: (key) => {
        const entry = entries?.get(key);
        if (entry === undefined) return undefined;
        // To put it in front at once would cost more than all else that a search does with it.
        entry.isUsed = true;
        return entry.value;
      },
    };
  }

  set(segment: string, key: string, value: Value, bytes: number): void {
    const entries = this.segments.get(segment) ?? new Map<string, Entry<Value>>();
    const known = entries.get(key);
    if (known !== undefined) this.forget(known);
    const entry = { segment, key, value, bytes: bytes + BYTES_AN_ENTRY, isUsed: false };
    entries.set(key, entry);
    this.segments.set(segment, entries);
    this.entries.add(entry);
    this.bytes += entry.bytes;
    for (const oldest of this.entries) {
      if (this.bytes <= this.limit) return;
      if (oldest.isUsed) {
        oldest.isUsed = false;
        this.entries.delete(oldest);
        this.entries.add(oldest);
      } else this.forget(oldest);
    }
  }

  private forget(entry: Entry<Value>): void {
    this.entries.delete(entry);
    this.bytes -= entry.bytes;
    const entries = this.segments.get(entry.segment);
    entries?.delete(entry.key);
    if (entries?.size === 0) this.segments.delete(entry.segment);
  }
}

interface Entry<Value> {
  readonly segment: string;
  readonly key: string;
  readonly value: Value;
  readonly bytes: number;
  isUsed: boolean;
}

/** What a Map, a key and an object take, about. */
const BYTES_AN_ENTRY = 250;
