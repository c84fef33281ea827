import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { englishTexts, japaneseTexts } from './made-texts.js';

/** Asking before acting, with many patterns to be held against. */
export const benchmark: Benchmark = { name: 'check', title: 'Check before act, through HTTP', run };

async function run(bed: Bed): Promise<Figure[]> {
  const patterns = bed.quick ? 100 : 1_000;
  const service = await bed.service();
  const english = englishTexts(500);
  const japanese = japaneseTexts(500);
  await post(service, 'mistakes/catalogue', {
    patterns: Array.from({ length: patterns }, (_, n) => ({
      patternType: `pattern-${n}`,
      patternDescription: english.text(n).slice(0, 200),
      patternData: {
        severity: ['low', 'medium', 'high', 'critical'][n % 4],
        regexes: [`(?i)\\b${english.text(n).split(' ')[0]}\\s+(push|drop|delete)\\b.*--force`, `(git|svn)\\s+.{0,40}${n}`, `^(a+)+${n}$`],
        phrases: [english.text(n + 7).split(' ').slice(0, 3).join(' '), japanese.text(n).slice(0, 8)],
        examples: [english.text(n + 13).slice(0, 120)],
      },
    })),
  });
  const times: number[] = [];
  const actions = Array.from({ length: bed.quick ? 100 : 1_000 }, (_, n) => (n % 2 === 0 ? english : japanese).text(n * 3).slice(0, 400));
  for (const action of [...actions.slice(0, 50), ...actions]) {
    const before = performance.now();
    await post(service, 'mistakes/check', { action, sessionId: 'bench' });
    times.push(performance.now() - before);
  }
  const sorted = times.slice(50).sort((a, b) => a - b);
  bed.note(`p50 ${sorted[sorted.length >> 1]?.toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms; three expressions, two phrases and an example a pattern; the first check, which makes the rules ready, took ${times[0]?.toFixed(0)} ms`);
  return [{ what: `check with ${patterns} patterns, p95`, value: sorted[Math.floor(0.95 * sorted.length)] ?? Number.NaN, unit: 'ms', target: { atMost: 10 } }];
}

async function post(service: BenchService, path: string, body: object): Promise<void> {
  const answer = await fetch(`${service.url}/v1/products/coding_rule2/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.productKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.arrayBuffer();
}
