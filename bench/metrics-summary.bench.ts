import pg from 'pg';
import { MetricsService } from '../src/monitoring/metrics/metrics.service.js';
import { MetricSummaries } from '../src/monitoring/rollups/metric-summaries.js';
import { RollupWriter } from '../src/monitoring/rollups/rollup-writer.js';
import type { BenchHouse, Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';

const DAY_MS = 86_400_000;
const BATCH = 1_000;

/** A day of measurements summed up, and a batch of them written. */
export const benchmark: Benchmark = {
  name: 'metrics-summary',
  title: 'A day of metrics summed up from rollups; 1,000 measurements written, against a plain unnest insert',
  run,
};

async function run(bed: Bed): Promise<Figure[]> {
  const house = await bed.freshHouse();
  const rows = bed.quick ? 50_000 : 5_000_000;
  const since = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS);
  await fill(house, rows, since);
  const service = new MetricsService(house.databases, new MetricSummaries(house.databases));
  const day = { metricType: 'response_time', since, until: new Date(since.getTime() + DAY_MS) };
  const unrolled = await median(bed.quick ? 1 : 3, () => service.summarise('coding_rule2', { ...day, bucket: '1h' }));
  await new RollupWriter(house.databases).rollUpDue(new AbortController().signal);
  bed.note(`${rows} measurements of one metric in one day; by the hour from the measurements ${unrolled.toFixed(0)} ms`);
  const times = bed.quick ? 3 : 15;
  const hours = await median(times, () => service.summarise('coding_rule2', { ...day, bucket: '1h' }));
  const whole = await median(times, () => service.summarise('coding_rule2', { ...day, bucket: '1d' }));
  const { ours, plain } = await writing(house, service, bed.quick ? 5 : 100);
  bed.note(`plain insert of ${BATCH}: ${plain.toFixed(1)} ms`);
  return [
    { what: 'a day by the hour', value: hours, unit: 'ms', target: { atMost: 100 } },
    { what: 'a day as one', value: whole, unit: 'ms', target: { atMost: 100 } },
    { what: `${BATCH} measurements written`, value: (BATCH / ours) * 1_000, unit: 'rows/s', ratio: plain / ours, target: { atLeast: 0.5 } },
  ];
}

async function fill({ adminUrl }: BenchHouse, rows: number, since: Date): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO monitoring.performance_metrics (product_id, metric_type, metric_value, timestamp)
       SELECT 'coding_rule2', 'response_time', exp(random() * 8), $1::timestamptz + make_interval(secs => n * 86400.0 / $2::float8) FROM generate_series(0, $2::int - 1) n`,
      [since, rows],
    );
    await client.query('VACUUM ANALYZE monitoring.performance_metrics');
  } finally {
    await client.end();
  }
}

/** In turns, on one connection each; the plain table has the same columns and indexes, and no partitions. */
async function writing({ adminUrl }: BenchHouse, service: MetricsService, rounds: number): Promise<{ ours: number; plain: number }> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`CREATE TABLE public.plain_metrics (LIKE monitoring.performance_metrics INCLUDING ALL)`);
    const items = Array.from({ length: BATCH }, (_, n) => ({ metricType: 'response_time', metricValue: n }));
    const plainly = () =>
      client.query(
        `INSERT INTO public.plain_metrics (product_id, metric_type, metric_value, metric_unit, timestamp, metadata)
         SELECT $1, m.type, m.value, NULL, now(), NULL FROM unnest($2::varchar[], $3::float8[]) AS m (type, value)`,
        ['coding_rule2', items.map((item) => item.metricType), items.map((item) => item.metricValue)],
      );
    const [mine, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      mine.push(await took(() => service.record('coding_rule2', items)));
      theirs.push(await took(plainly));
    }
    return { ours: middle(mine), plain: middle(theirs) };
  } finally {
    await client.end();
  }
}

async function median(times: number, work: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let time = 0; time < times; time++) all.push(await took(work));
  return middle(all);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
