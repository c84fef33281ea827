import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Gauge } from 'prom-client';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
  // Before the first scrape, whose answer of the database is kept some seconds.
  await nagaya.service.app.get(JobRunner, { strict: false }).tick();
});
afterAll(() => nagaya.stop());

async function scrape(): Promise<string> {
  const response = await fetch(`${nagaya.service.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return response.text();
}

/** Labels, in the order in which they are written, and value of each line of a metric. */
function lines(text: string, metric: string): Map<string, number> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return name === metric ? [[labels, Number(value)] as const] : [];
    }),
  );
}

/** A request is counted when its last byte is out, which its client may see first. */
async function counted(labels: string): Promise<number> {
  for (let n = 0; n < 100; n++) {
    const count = lines(await scrape(), 'nagaya_http_request_duration_seconds_count').get(labels);
    if (count !== undefined) return count;
  }
  throw new Error(`No request was counted as ${labels}.`);
}

describe('GET /metrics', () => {
  test('counts requests by route template and status, refused ones too', async () => {
    await nagaya.request('GET', '/v1/products/coding_rule2/memories?sessionId=a');
    await nagaya.request('GET', '/v1/products/coding_rule2/memories', { key: null });
    await nagaya.request('GET', '/v1/products/tea_house/events', { key: nagaya.keys.teaHouse });
    expect(await counted('method="GET",route="/v1/products/coding_rule2/memories",status="200"')).toBe(1);
    expect(await counted('method="GET",route="/v1/products/coding_rule2/memories",status="401"')).toBe(1);
    expect(await counted('method="GET",route="/v1/products/:productId/events",status="200"')).toBe(1);
  });

  test('makes no series of what callers invent', async () => {
    for (const path of ['/v1/canary-1', '/canary-2?x=canary-3', '/v1/products/canary_4/events', '/v1/products/coding_rule2/memories/canary-5']) {
      await nagaya.request('GET', path, { key: nagaya.keys.operator });
      await nagaya.request('PROPFIND', path, { key: nagaya.keys.operator });
    }
    expect(await counted('method="unknown",route="unknown",status="404"')).toBeGreaterThan(0);
    expect(await scrape()).not.toMatch(/canary[-_]\d|PROPFIND/);
  });

  test('tells of pools, jobs and the process', async () => {
    await nagaya.request('GET', '/v1/products/coding_rule2/memories');
    const text = await scrape();
    expect(lines(text, 'nagaya_pool_connections').get('product="coding_rule2",state="idle"')).toBeGreaterThan(0);
    expect(lines(text, 'nagaya_heavy_work').get('product="coding_rule2",kind="reads",state="waiting"')).toBe(0);
    expect([...lines(text, 'nagaya_pool_connections').keys()]).toEqual(expect.arrayContaining(['product="nagaya_control",state="waiting"', 'product="tea_house",state="active"']));
    const now = Date.now() / 1_000;
    const lastRun = lines(text, 'nagaya_job_last_run_timestamp_seconds').get('job="core.idempotency-records"') ?? 0;
    expect(Math.abs(now - lastRun)).toBeLessThan(600);
    expect(lines(text, 'nagaya_job_failing').get('job="core.idempotency-records"')).toBe(0);
    expect(lines(text, 'nagaya_job_last_duration_seconds').has('job="core.idempotency-records"')).toBe(true);
    expect(lines(text, 'nagaya_job_failures_total').get('job="core.idempotency-records"')).toBe(0);
    expect(lines(text, 'nagaya_job_duration_seconds_count').get('job="core.idempotency-records"')).toBe(1);
    for (const metric of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) expect(lines(text, metric).size).toBe(1);
  });

  test('goes on where a figure can not be read, and says so', async () => {
    const metrics = nagaya.service.app.get(Metrics, { strict: false });
    metrics.addFigures({ read: () => Promise.reject(new Error('no')), gauges: [{ name: 'nagaya_broken', help: 'Broken.', labels: [], of: () => ({ labels: {}, value: 1 }) }] });
    const text = await scrape();
    expect(lines(text, 'nagaya_broken').size).toBe(0);
    expect(lines(text, 'nagaya_http_requests_in_flight').get('')).toBe(1);
    expect(lines(await scrape(), 'nagaya_metrics_read_failures_total').get('')).toBeGreaterThan(0);
    metrics.registry.removeSingleMetric('nagaya_broken');
  });

  test('takes what other modules add, with labels that hold anything', async () => {
    const { registry } = nagaya.service.app.get(Metrics, { strict: false });
    const gauge = new Gauge({ name: 'nagaya_added', help: 'Added.', labelNames: ['of'], registers: [registry] });
    gauge.set({ of: 'a "b"\n\\c' }, 2);
    expect(await scrape()).toContain('nagaya_added{of="a \\"b\\"\\n\\\\c"} 2\n');
    registry.removeSingleMetric('nagaya_added');
  });
});

test('NAGAYA_METRICS_TOKEN closes it: no other token, and no API key, opens it, and it opens nothing else', async () => {
  const closed = await startTestService({ metricsToken: 'let-prometheus-in' });
  try {
    const status = async (path: string, authorization?: string) => (await fetch(closed.service.url + path, { headers: authorization === undefined ? {} : { authorization } })).status;
    for (const wrong of [undefined, 'Bearer let-prometheus-i', 'Bearer let-prometheus-in2', 'Basic let-prometheus-in', `Bearer ${closed.keys.operator}`]) {
      expect({ wrong, status: await status('/metrics', wrong) }).toEqual({ wrong, status: 401 });
    }
    for (const path of ['/metrics/', '/metrics?x', '/%6detrics', '//metrics', '/metrics%20']) expect(await status(path)).not.toBe(200);
    expect(await status('/metrics', 'Bearer let-prometheus-in')).toBe(200);
    expect(await status('/v1/products', 'Bearer let-prometheus-in')).toBe(401);
    const refused = await closed.request('GET', '/metrics', { key: null });
    expect(refused.body).toMatchObject({ code: 'unauthenticated', status: 401 });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  } finally {
    await closed.stop();
  }
});
