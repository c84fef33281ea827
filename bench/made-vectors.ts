import { EMBEDDING_DIMENSIONS } from '../src/config/embedding-settings.js';

/** mulberry32: the same numbers from the same seed, so that two runs measure the same data. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const CLUSTER_SIZE = 100;
/** How far a vector lies from the middle of its cluster, as a share of the middle's own length. */
const SPREAD = 0.35;

/** Vectors in clusters of a hundred, as embeddings of texts on so many subjects lie. */
export function clusteredVectors(count: number, random: () => number): Float32Array[] {
  const anywhere = (): Float32Array => Float32Array.from({ length: EMBEDDING_DIMENSIONS }, () => random() * 2 - 1);
  const middles = Array.from({ length: Math.ceil(count / CLUSTER_SIZE) }, anywhere);
  return Array.from({ length: count }, (_, at) => {
    const middle = middles[at % middles.length]!;
    return middle.map((x) => x + (random() * 2 - 1) * SPREAD);
  });
}

/** As embedding APIs send it: base64 of little-endian float32, which is how the machines of today keep it anyway. */
export function asBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
