/**
 * Stand-in embeddings: hashed character n-grams. They know spelling, not meaning, and need no model, no download and no
 * language; texts that share wording come out close, which is enough to try vector search on. Deterministic on every
 * machine. The hashing trick with signs: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009.
 */
export const EMBEDDING_NAME = 'stand-in embeddings: hashed character n-grams, not a language model';
export const DIMENSIONS = 1536;

// Pairs are the words of Japanese, longer ones those of English; both languages get all three.
const GRAM_LENGTHS = [2, 3, 4] as const;

/** A unit vector of 1,536 dimensions. @throws RangeError for text without a letter or digit, which would be a zero vector */
export function featureHash(text: string): Float32Array {
  const sums = new Float64Array(DIMENSIONS);
  for (const [gram, count] of countGrams(text)) {
    const hash = hashOf(gram);
    const sign = (hash & 1) === 0 ? 1 : -1;
    const slot = (hash >>> 1) % DIMENSIONS;
    // The square root keeps a gram that is repeated from outweighing the rest of the text.
    sums[slot] = (sums[slot] ?? 0) + sign * Math.sqrt(count);
  }
  const norm = Math.hypot(...sums);
  if (norm === 0) throw new RangeError('Text without a letter or digit has no embedding.');
  return Float32Array.from(sums, (sum) => sum / norm);
}

/** Base64 of little-endian float32, as embedding APIs send vectors. */
export function encodeEmbedding(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}

/** @throws RangeError where the bytes are no whole number of float32 */
export function decodeEmbedding(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length % 4 !== 0) throw new RangeError('An embedding is a whole number of float32.');
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

/** Cosine of two unit vectors: −1 to 1, give or take the rounding of float32. */
export function similarity(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}

function countGrams(text: string): Map<string, number> {
  const words = text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ').trim();
  // Code points, not UTF-16 units: half a surrogate pair is no character. The spaces mark where the text begins and ends.
  const characters = words === '' ? [] : Array.from(` ${words} `);
  const counts = new Map<string, number>();
  for (const length of GRAM_LENGTHS) {
    for (let start = 0; start + length <= characters.length; start += 1) {
      const gram = characters.slice(start, start + length).join('');
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
  }
  return counts;
}

/** FNV-1a over UTF-8, then MurmurHash3's finaliser, without which the low bits of short grams are poorly mixed. */
function hashOf(gram: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(gram)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
