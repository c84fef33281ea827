import { EMBEDDING_DIMENSIONS } from '../../src/config/embedding-settings.js';

/** A direction of no particular meaning. */
export function randomVector(random: () => number): Float32Array {
  return Float32Array.from({ length: EMBEDDING_DIMENSIONS }, () => random() * 2 - 1);
}

/** A vector near another: the smaller the distance, the nearer. */
export function near(vector: Float32Array, distance: number, random: () => number): Float32Array {
  return vector.map((x) => x + (random() * 2 - 1) * distance);
}

/** As embedding APIs send it: base64 of little-endian float32. */
export function asBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

/** 1 − cosine distance, in double precision: what the database's answer is held against. */
export function similarity(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}
