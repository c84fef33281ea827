import type { Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { englishTexts, japaneseTexts } from './made-texts.js';
import { measureSearches } from './text-searches.js';

/** Takes twenty minutes to fill its tables, unless an earlier run with --keep has. */
export const benchmark: Benchmark = { name: 'text-search-million', title: 'Search by words among 1,000,000 rows, against BM25 computed over every row', run };

async function run(bed: Bed): Promise<Figure[]> {
  const rows = bed.quick ? 10_000 : 1_000_000;
  return [
    ...(await measureSearches(bed, 'English', englishTexts(rows / 20), rows, 50)),
    ...(await measureSearches(bed, 'Japanese', japaneseTexts(rows / 20), rows, 50)),
  ];
}
