import { seededRandom } from '../src/demo/seeded-random.js';

/** Texts that behave like language where search is concerned: few words are everywhere, most are rare, and texts have subjects. */
export interface MadeTexts {
  /** The text with a number; the same in every run. */
  text(no: number): string;
  /** A question about the subject of a text, as a sentence full of common words. */
  question(no: number): string;
}

const WORDS = 60_000;
const COMMON = 60;
const WORDS_A_SUBJECT = 24;

/** Draws a rank from 0 to `n` − 1 with a frequency of about 1 / (rank + 3). */
function zipf(random: () => number, n: number): number {
  return Math.min(Math.floor(3 * (Math.pow((n + 3) / 3, random()) - 1)), n - 1);
}

function make(word: (rank: number) => string, joined: (words: readonly string[], random: () => number) => string, subjects: number, seed: number): MadeTexts {
  const subjectOf = (no: number) => {
    const random = uniform(seed + 31 * (no % subjects) + 7);
    return Array.from({ length: WORDS_A_SUBJECT }, () => word(COMMON + zipf(random, WORDS - COMMON)));
  };
  const subjectsKnown = new Map<number, string[]>();
  const words = (no: number) => {
    const known = subjectsKnown.get(no % subjects) ?? subjectOf(no);
    subjectsKnown.set(no % subjects, known);
    return known;
  };
  const pick = <T>(random: () => number, list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  return {
    text: (no) => {
      const random = uniform(seed + 2 * no + 1);
      const length = 20 + Math.floor(random() * 60);
      const own = words(no);
      return joined(Array.from({ length }, () => (random() < 0.25 ? pick(random, own) : word(zipf(random, WORDS)))), random);
    },
    question: (no) => {
      const random = uniform(seed + 5 * no + 3);
      const own = words(no);
      return joined(Array.from({ length: 12 }, (_, at) => (at % 3 === 2 ? pick(random, own) : word(zipf(random, COMMON)))), random);
    },
  };
}

const ONSETS = ['b', 'c', 'd', 'f', 'g', 'h', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'pl', 'ch'];
const NUCLEI = ['a', 'e', 'i', 'o', 'u', 'ea', 'ou'];
const CODAS = ['', 'n', 'r', 's', 't', 'l', 'm'];

function english(rank: number): string {
  let text = '';
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / (ONSETS.length * NUCLEI.length))) {
    text += ONSETS[rest % ONSETS.length]! + NUCLEI[Math.floor(rest / ONSETS.length) % NUCLEI.length]! + CODAS[(rest * 7) % CODAS.length]!;
  }
  return text;
}

const PARTICLES = ['は', 'が', 'を', 'に', 'の', 'で', 'と', 'も', 'から', 'まで'];
const ENDINGS = ['です。', 'ます。', 'しました。', 'している。', 'できません。', 'ください。'];
/** So many kanji that pairs of them repeat as they do in real texts. */
const KANJI = 1_500;

function japanese(rank: number): string {
  if (rank < COMMON) return ['こと', 'もの', 'ため', 'とき', 'これ', 'それ', 'する', 'なる', 'ある', 'いる'][rank % 10]! + (rank < 10 ? '' : String.fromCodePoint(0x3042 + rank));
  const kanji = (n: number) => String.fromCodePoint(0x4e00 + (n % KANJI));
  return kanji(rank * 17 + 3) + kanji(Math.floor(rank / 40) * 29 + rank) + (rank % 5 === 0 ? kanji(rank * 13) : '');
}

export function englishTexts(subjects: number): MadeTexts {
  return make(english, (words) => words.join(' '), subjects, 1_000);
}

export function japaneseTexts(subjects: number): MadeTexts {
  return make(
    japanese,
    (words, random) => words.map((word, at) => word + (at % 6 === 5 ? ENDINGS[Math.floor(random() * ENDINGS.length)]! : PARTICLES[Math.floor(random() * PARTICLES.length)]!)).join(''),
    subjects,
    2_000,
  );
}

function uniform(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.uniform();
}
