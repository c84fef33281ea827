import { seededRandom } from '../src/demo/seeded-random.js';

/** Texts that behave like language where search is concerned: few words are everywhere, most are rare, and texts have subjects. */
export interface MadeTexts {
  /** The text with a number; the same in every run. */
  text(no: number): string;
  /** A question about the subject of a text, as a sentence full of common words. */
  question(no: number): string;
  /** Questions of other kinds, each by its number. */
  readonly others: Readonly<Record<string, (no: number) => string>>;
}

const WORDS = 60_000;
const COMMON = 60;
const WORDS_A_SUBJECT = 24;

/** Draws a rank from 0 to `n` − 1 with a frequency of about 1 / (rank + 3). */
function zipf(random: () => number, n: number): number {
  return Math.min(Math.floor(3 * (Math.pow((n + 3) / 3, random()) - 1)), n - 1);
}

interface Language {
  readonly word: (rank: number) => string;
  readonly joined: (words: readonly string[], random: () => number) => string;
  /** What nearly every text has. */
  readonly everywhere: readonly string[];
  readonly seed: number;
}

function make({ word, joined, everywhere, seed }: Language, subjects: number): MadeTexts {
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
    others: {
      'a rare word': (no) => pick(uniform(seed + 7 * no), words(no)),
      'a frequent word': (no) => everywhere[no % everywhere.length]!,
      'frequent words only': (no) => {
        const random = uniform(seed + 9 * no);
        return joined(Array.from({ length: 8 }, () => word(zipf(random, COMMON))), random);
      },
      'one word of its subject among many': (no) => {
        const random = uniform(seed + 19 * no);
        return joined(Array.from({ length: 8 }, (_, at) => (at === 3 ? pick(random, words(no)) : word(zipf(random, WORDS)))), random);
      },
      'words of middling frequency': (no) => {
        const random = uniform(seed + 11 * no);
        return Array.from({ length: 4 }, () => word(COMMON + Math.floor(random() * 500))).join(' ');
      },
      'a paragraph of 200 words': (no) => {
        const random = uniform(seed + 13 * no);
        return joined(Array.from({ length: 200 }, () => (random() < 0.25 ? pick(random, words(no)) : word(zipf(random, WORDS)))), random);
      },
      'both languages and emoji': (no) => {
        const random = uniform(seed + 17 * no);
        return `👍 ${english(zipf(random, 500))} ${japanese(zipf(random, 500))}は${english(zipf(random, WORDS))}です😀${pick(random, words(no))}`;
      },
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
  return make({ word: english, joined: (words) => words.join(' '), everywhere: [0, 1, 2, 3, 4].map(english), seed: 1_000 }, subjects);
}

export function japaneseTexts(subjects: number): MadeTexts {
  const joined = (words: readonly string[], random: () => number) =>
    words.map((word, at) => word + (at % 6 === 5 ? ENDINGS[Math.floor(random() * ENDINGS.length)]! : PARTICLES[Math.floor(random() * PARTICLES.length)]!)).join('');
  return make({ word: japanese, joined, everywhere: ['の', 'です', 'は', 'ました', 'こと'], seed: 2_000 }, subjects);
}

function uniform(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.uniform();
}
