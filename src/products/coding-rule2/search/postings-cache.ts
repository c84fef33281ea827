/**
 * What was read of segments, up to a number of bytes; what was not used for longest goes first. A segment never changes
 * under the same id and version, so nothing here can be out of date: a search asks for the versions that it sees.
 */
export class PostingsCache<Value> {
  private readonly entries = new Map<string, { value: Value; bytes: number }>();
  private bytes = 0;

  constructor(private readonly limit: number) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // A Map keeps the order in which keys were set: set again, it is the youngest.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Value, bytes: number): void {
    const size = bytes + BYTES_AN_ENTRY;
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.entries.delete(key);
      this.bytes -= known.bytes;
    }
    this.entries.set(key, { value, bytes: size });
    this.bytes += size;
    for (const [oldest, entry] of this.entries) {
      if (this.bytes <= this.limit) return;
      this.entries.delete(oldest);
      this.bytes -= entry.bytes;
    }
  }
}

/** What a Map, a key and an object take, about. */
const BYTES_AN_ENTRY = 250;
