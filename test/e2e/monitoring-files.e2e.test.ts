import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { startTestService, type TestService } from '../support/service.js';

const read = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const RULES = (parse(read('prometheus/rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const DASHBOARD = JSON.parse(read('grafana/nagaya.json')) as { uid: string; panels: Panel[]; templating: { list: { name: string; query: unknown }[] } };
/** Grafana fills in its own variables before Prometheus sees the question. */
const asked = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
const QUESTIONS = [...RULES.map((rule) => rule.expr), ...DASHBOARD.panels.flatMap((panel) => (panel.targets ?? []).map((target) => asked(target.expr)))];

let nagaya: TestService;
let exported: Set<string>;
beforeAll(async () => {
  nagaya = await startTestService();
  const text = await (await fetch(`${nagaya.service.url}/metrics`)).text();
  exported = new Set(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
  );
});
afterAll(() => nagaya.stop());

/** Names of metrics, and places where the grammar of PromQL does not go on. */
function readQuestion(expr: string): { metrics: string[]; mistakes: number } {
  const metrics: string[] = [];
  let mistakes = 0;
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) mistakes++;
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') metrics.push(expr.slice(node.from, node.to));
    },
  });
  return { metrics, mistakes };
}

test('every question of the dashboard and of the rules is PromQL, about metrics that there are', () => {
  expect(QUESTIONS.length).toBeGreaterThan(30);
  for (const expr of QUESTIONS) {
    const { metrics, mistakes } = readQuestion(expr);
    const unknown = metrics.filter((metric) => metric !== 'up' && !exported.has(metric));
    expect({ expr, mistakes, unknown, asksNothing: metrics.length === 0 }).toEqual({ expr, mistakes: 0, unknown: [], asksNothing: false });
  }
});

test('the check itself sees a misspelt metric and a broken question', () => {
  expect(readQuestion('sum(rate(nagaya_no_such_total[5m])').mistakes).toBeGreaterThan(0);
  expect(readQuestion('rate(nagaya_no_such_total{a="b"}[5m]) / up').metrics).toEqual(['nagaya_no_such_total', 'up']);
});

test('every rule says how bad it is, for how long, and what it means; no two have one name', () => {
  expect(new Set(RULES.map((rule) => rule.alert)).size).toBe(RULES.length);
  for (const rule of RULES) {
    expect(rule).toMatchObject({ alert: expect.stringMatching(/^Nagaya[A-Z]\w+$/), for: expect.stringMatching(/^\d+m$/), labels: { severity: expect.stringMatching(/^(warning|critical)$/) } });
    expect(Object.values(rule.annotations).every((text) => text.length > 10)).toBe(true);
  }
});

test('the dashboard is one that Grafana takes: ids once, a source that is asked for, no panel that asks nothing', () => {
  expect(new Set(DASHBOARD.panels.map((panel) => panel.id)).size).toBe(DASHBOARD.panels.length);
  expect(DASHBOARD.panels.filter((panel) => panel.type !== 'row' && (panel.targets ?? []).length === 0)).toEqual([]);
  expect(DASHBOARD.templating.list.map((variable) => variable.name)).toEqual(['datasource', 'instance']);
});

test('the scrape example asks where Nagaya answers', () => {
  const { scrape_configs: [job] } = parse(read('prometheus/prometheus.yml')) as { scrape_configs: { job_name: string; metrics_path: string }[] };
  expect(job).toMatchObject({ job_name: 'nagaya', metrics_path: '/metrics' });
});
