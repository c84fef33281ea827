/** 6 kB each. */
const MOST = 500;

/** Vectors of texts that were asked for lately: who pages through what a search found asks the same again. */
export class RecentVectors {
  private readonly vectors = new Map<string, Float32Array>();

  get(model: string, text: string): Float32Array | undefined {
    const key = keyOf(model, text);
    const vector = this.vectors.get(key);
    if (vector === undefined) return undefined;
    // Goes to the end: the front is what nobody has asked for longest.
    this.vectors.delete(key);
    this.vectors.set(key, vector);
    return vector;
  }

  add(model: string, text: string, vector: Float32Array): void {
    this.vectors.set(keyOf(model, text), vector);
    const oldest = this.vectors.size > MOST ? this.vectors.keys().next() : undefined;
    if (oldest?.done === false) this.vectors.delete(oldest.value);
  }
}

function keyOf(model: string, text: string): string {
  return `${model}\0${text}`;
}
