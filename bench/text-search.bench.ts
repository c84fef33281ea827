import type { Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { englishTexts, japaneseTexts } from './made-texts.js';
import { measureSearches } from './text-searches.js';

/** Search by words: what it finds, and how long it takes. */
export const benchmark: Benchmark = { name: 'text-search', title: 'Search by words among 100,000 rows, against BM25 computed over every row', run };

async function run(bed: Bed): Promise<Figure[]> {
  const rows = bed.quick ? 5_000 : 100_000;
  return [
    ...(await measureSearches(bed, 'English', englishTexts(rows / 20), rows, 20)),
    ...(await measureSearches(bed, 'Japanese', japaneseTexts(rows / 20), rows, 20)),
  ];
}
