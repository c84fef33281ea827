import { relevances, textOf } from '../memories/memory-text.js';
import type { Memory } from '../memories/memory.entity.js';
import { DEFAULT_MIN_SIMILARITY, nearDuplicates } from '../memories/near-duplicates.js';

/** Rough and the same for every model and language: text runs at about four bytes a token. */
const BYTES_A_TOKEN = 4;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** A memory's recency halves in so many days. */
const HALF_LIFE_DAYS = 30;
/** What counts how much where there is a task: what it speaks of before how much it was worth, and that before its age. */
const WEIGHTS = { relevance: 0.5, priority: 0.3, recency: 0.2 };

/** A memory that could be taken over. */
export interface Candidate {
  readonly memory: Memory;
  /** 1: of the session that is inherited from; 2: of one that that one inherits from, and so on. */
  readonly generation: number;
  /** How much of the task it speaks of, 0 to 1; null without a task. */
  readonly relevance: number | null;
}

/** What became of it. */
export interface Choice extends Candidate {
  readonly tokens: number;
  readonly included: boolean;
  readonly reason: string;
}

/** Estimated tokens of a memory: UTF-8 bytes of its content as JSON / 4, rounded up. */
export function estimateTokens(content: unknown): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(content)) / BYTES_A_TOKEN);
}

/** Orders candidates by what they are worth to a task: relevance, retention priority and recency together. */
export function rankForTask(candidates: readonly Omit<Candidate, 'relevance'>[], task: string, now: Date): Candidate[] {
  const relevance = relevances(task, candidates.map(({ memory }) => textOf(memory.memoryContent).words));
  const ranked = candidates.map((candidate, index) => ({ ...candidate, relevance: relevance[index] ?? 0 }));
  const worth = new Map(ranked.map((candidate) => [candidate, worthOf(candidate, now)]));
  // The order given is by priority and age, and a stable sort keeps it among equals.
  return ranked.sort((a, b) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0));
}

function worthOf({ memory, relevance }: Candidate, now: Date): number {
  const days = Math.max(0, now.getTime() - memory.createdAt.getTime()) / DAY_MS;
  const recency = 2 ** (-days / HALF_LIFE_DAYS);
  return WEIGHTS.relevance * (relevance ?? 0) + (WEIGHTS.priority * memory.retentionPriority) / 10 + WEIGHTS.recency * recency;
}

/** Which memories fit, in the order given: one that is too large is left out, and a smaller one after it still gets in. */
export function choose(candidates: readonly Candidate[], budgetTokens: number, leaveOutNearDuplicates = false): Choice[] {
  const saidBefore = leaveOutNearDuplicates ? repetitions(candidates) : new Map<Candidate, Candidate>();
  const taken = new Set<Candidate>();
  let left = budgetTokens;
  return candidates.map((candidate) => {
    const tokens = estimateTokens(candidate.memory.memoryContent);
    const first = saidBefore.get(candidate);
    if (first !== undefined && taken.has(first)) {
      return { ...candidate, tokens, included: false, reason: `${claimOf(candidate)}; says nearly the same as number ${candidates.indexOf(first) + 1}, which was taken` };
    }
    const included = tokens <= left;
    const fit = included ? `fit in the ${format(left)} that were left` : `do not fit in the ${format(left)} that were left`;
    if (included) {
      left -= tokens;
      taken.add(candidate);
    }
    return { ...candidate, tokens, included, reason: `${claimOf(candidate)}; ${format(tokens)} tokens ${fit}` };
  });
}

/** Each candidate that repeats one before it, and which. */
function repetitions(candidates: readonly Candidate[]): Map<Candidate, Candidate> {
  const comparable = candidates.map((candidate) => ({ candidate, memoryType: candidate.memory.memoryType, memoryContent: candidate.memory.memoryContent }));
  const clusters = nearDuplicates(comparable, DEFAULT_MIN_SIMILARITY);
  return new Map(clusters.flatMap(({ kept, sources }) => sources.map((source) => [source.memory.candidate, kept.candidate] as const)));
}

function claimOf({ memory, generation, relevance }: Candidate): string {
  const claims = [
    ...(relevance === null ? [] : [`relevance ${relevance.toFixed(2)}`]),
    `priority ${memory.retentionPriority}`,
    ...(generation === 1 ? [] : [`${generation} generations up`]),
  ];
  return claims.join(', ');
}

function format(tokens: number): string {
  return tokens.toLocaleString('en-GB');
}
