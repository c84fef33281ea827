import { EMBEDDING_DIMENSIONS } from '../src/config/embedding-settings.js';
import { seededRandom, type SeededRandom } from '../src/demo/seeded-random.js';
import { englishTexts, japaneseTexts } from './made-texts.js';

/** What a way to search knows of a question: its subject, little of it, another one's, or the first and the last by turns. */
type Leg = 'good' | 'weak' | 'noise' | 'by turns';
export type TextLeg = Leg;
/** From `distant` questions all rows lie far, those of their subject still a little less so. */
export type VectorLeg = Leg | 'distant';

export interface MadeQuestions {
  readonly rows: readonly { readonly text: string; readonly vector: Float32Array | null }[];
  readonly questions: readonly { readonly query: string; readonly vector: Float32Array; readonly meant: ReadonlySet<number> }[];
}

const ROWS = 3_000;
const ROWS_A_SUBJECT = 5;
const SUBJECTS = ROWS / ROWS_A_SUBJECT;
/** How far a question's vector lies from the middle of its subject, as a multiple of the middle's length. */
const DISTANCE = { good: 2, distant: 6, weak: 18 } as const;

/** Texts of subjects, with vectors around the middle of their subject, and questions of which it is known which rows they mean. */
export function madeQuestions(language: 'English' | 'Japanese', legs: { text: TextLeg; vector: VectorLeg; missing?: number }, seed: number, most: number): MadeQuestions {
  const random = seededRandom(seed);
  const texts = (language === 'English' ? englishTexts : japaneseTexts)(SUBJECTS);
  const middles = Array.from({ length: SUBJECTS }, () => direction(random));
  // All lie somewhat in one direction, as embeddings of real models do.
  const common = direction(random);
  const rows = Array.from({ length: ROWS }, (_, no) => ({
    text: texts.text(no + seed * ROWS),
    vector: random.uniform() < (legs.missing ?? 0) ? null : sum([middles[no % SUBJECTS]!, 1], [direction(random), 1], [common, 1]),
  }));
  const questions = Array.from({ length: most }, (_, nth) => {
    const subject = Math.floor(random.uniform() * SUBJECTS);
    const other = (subject + 1 + Math.floor(random.uniform() * (SUBJECTS - 1))) % SUBJECTS;
    const text = legs.text === 'by turns' ? (nth % 2 === 0 ? 'good' : 'noise') : legs.text;
    const vector = legs.vector === 'by turns' ? (nth % 2 === 0 ? 'noise' : 'good') : legs.vector;
    return {
      query: { good: () => texts.question(subject + seed * ROWS), weak: () => texts.others['one word of its subject among many']!(subject + seed * ROWS), noise: () => texts.others['frequent words only']!(other) }[text](),
      vector: vector === 'noise' ? sum([direction(random), 1], [common, 1]) : sum([middles[subject]!, 1], [direction(random), DISTANCE[vector]], [common, 1]),
      meant: new Set(Array.from({ length: ROWS_A_SUBJECT }, (__, at) => subject + at * SUBJECTS)),
    };
  });
  return { rows, questions };
}

/** Of length 1, in any direction. */
function direction(random: SeededRandom): Float32Array {
  const vector = Float32Array.from({ length: EMBEDDING_DIMENSIONS }, () => random.normal());
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

function sum(...parts: readonly (readonly [vector: Float32Array, times: number])[]): Float32Array {
  return Float32Array.from({ length: EMBEDDING_DIMENSIONS }, (_, at) => parts.reduce((total, [vector, times]) => total + times * vector[at]!, 0));
}
