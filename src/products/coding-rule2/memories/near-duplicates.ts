import { textOf } from './memory-text.js';

/** Dice's coefficient from which two memories count as saying the same, unless the caller says otherwise. */
export const DEFAULT_MIN_SIMILARITY = 0.85;

export interface Comparable {
  readonly memoryType: string;
  readonly memoryContent: unknown;
}

/** A memory and those after it that say nearly the same. */
export interface Cluster<T> {
  readonly kept: T;
  readonly sources: { readonly memory: T; readonly similarity: number }[];
}

interface Prepared<T> {
  readonly memory: T;
  readonly shingles: ReadonlyMap<string, number>;
  readonly size: number;
}

/**
 * Gathers near-duplicates, without a model: by the pairs and triples of characters that two texts share, which works the same
 * for Japanese. Compared are only memories of one type that have the same frame, the same numbers and the same negations:
 * "port 3000" and "port 3001", or "do" and "don't", are as close as letters go and mean something else.
 * The first of each cluster in the order given is kept; the same input gives the same clusters.
 */
export function nearDuplicates<T extends Comparable>(memories: readonly T[], minSimilarity: number): Cluster<T>[] {
  const clusters: Cluster<T>[] = [];
  const byKind = new Map<string, { cluster: Cluster<T>; prepared: Prepared<T> }[]>();
  for (const memory of memories) {
    const { words, frame } = textOf(memory.memoryContent);
    const kind = JSON.stringify([memory.memoryType, frame, numbersIn(words), negationsIn(words)]);
    const prepared = prepare(memory, words);
    const candidates = byKind.get(kind) ?? [];
    byKind.set(kind, candidates);
    const best = closest(prepared, candidates, minSimilarity);
    if (best !== undefined) {
      best.cluster.sources.push({ memory, similarity: best.similarity });
      continue;
    }
    const cluster = { kept: memory, sources: [] };
    clusters.push(cluster);
    candidates.push({ cluster, prepared });
  }
  return clusters;
}

function closest<T>(
  given: Prepared<T>,
  candidates: readonly { cluster: Cluster<T>; prepared: Prepared<T> }[],
  minSimilarity: number,
): { cluster: Cluster<T>; similarity: number } | undefined {
  let best: { cluster: Cluster<T>; similarity: number } | undefined;
  for (const { cluster, prepared } of candidates) {
    // Sizes alone bound the coefficient: most pairs need no look at their shingles.
    const bound = (2 * Math.min(given.size, prepared.size)) / (given.size + prepared.size);
    if (given.size > 0 && bound < minSimilarity) continue;
    const similarity = dice(given, prepared);
    if (similarity >= minSimilarity && similarity > (best?.similarity ?? -1)) best = { cluster, similarity };
  }
  return best;
}

function prepare<T>(memory: T, words: string): Prepared<T> {
  const shingles = new Map<string, number>();
  const characters = [...words.replaceAll(/[\p{P}\p{S}\s]+/gu, ' ').trim()];
  let size = 0;
  for (const length of [2, 3]) {
    for (let at = 0; at + length <= characters.length; at++, size++) {
      const shingle = characters.slice(at, at + length).join('');
      shingles.set(shingle, (shingles.get(shingle) ?? 0) + 1);
    }
  }
  // A single character has no pair; it is its own shingle.
  if (size === 0 && characters.length > 0) shingles.set(characters.join(''), (size = 1));
  return { memory, shingles, size };
}

/** Twice what both have over what they have together; two empty texts are the same. */
function dice(a: Prepared<unknown>, b: Prepared<unknown>): number {
  if (a.size + b.size === 0) return 1;
  let both = 0;
  for (const [shingle, count] of a.shingles) both += Math.min(count, b.shingles.get(shingle) ?? 0);
  return (2 * both) / (a.size + b.size);
}

function numbersIn(words: string): string[] {
  return words.match(/\p{N}+(?:[.,:]\p{N}+)*/gu) ?? [];
}

const NEGATIONS = /\b(?:not?|never|none|nothing|without|cannot|\w+n['’]t|don?t|avoid|forbid(?:den)?|stop)\b|ない|なく|なけれ|ません|ぬ|ず(?=[にとはも、。]|$)|禁止|厳禁|不可|避け|やめ/gu;

function negationsIn(words: string): string[] {
  return (words.match(NEGATIONS) ?? []).sort();
}
