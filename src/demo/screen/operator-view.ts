import type { OperatorView } from '../report.js';
import { PRODUCT } from '../run.js';
import type { Colours } from './colours.js';
import { clip } from './display-width.js';
import { heading, table } from './table.js';

const EVENTS_SHOWN = 6;
const STATE_LINES = 14;

export function operatorViewOnScreen(view: OperatorView, width: number, colours: Colours): string {
  return [
    heading(colours, 'What an operator sees'),
    workers(view, colours),
    '',
    colours.dim(`  ${view.metricType} by hour, in milliseconds`),
    metrics(view, colours),
    '',
    colours.dim('  latest events'),
    events(view, width, colours),
    '',
    product(view, width, colours),
  ].join('\n');
}

function workers(view: OperatorView, colours: Colours): string {
  const rows = view.workers.map((worker) => [
    worker.state === 'alive' ? colours.green('alive') : colours.red(worker.state),
    worker.workerId,
    worker.workerType,
    worker.status,
    percent(worker.cpuUsage),
    percent(worker.memoryUsage),
    String(worker.taskCount),
    worker.lastHeartbeat.slice(11, 19),
  ]);
  return table(colours, ['state', 'worker', 'type', 'said', 'cpu', 'memory', 'tasks', 'last heard (UTC)'], rows, [4, 5, 6]);
}

function metrics(view: OperatorView, colours: Colours): string {
  const rows = view.metricBuckets.map((bucket) => [
    bucket.bucketStart.slice(11, 16),
    String(bucket.count),
    bucket.p50.toFixed(0),
    bucket.p95.toFixed(0),
    '▪'.repeat(Math.min(40, Math.round(bucket.p95 / 200))),
  ]);
  return table(colours, ['hour (UTC)', 'count', 'p50', 'p95', ''], rows, [1, 2, 3]);
}

function events(view: OperatorView, width: number, colours: Colours): string {
  const rows = view.events.slice(0, EVENTS_SHOWN).map((event) => [
    event.timestamp.slice(11, 16),
    event.eventType,
    clip(Object.entries(event.eventData).map(([name, value]) => `${name} ${String(value)}`).join(', '), Math.max(30, width - 32)),
  ]);
  return table(colours, ['UTC', 'event', ''], rows);
}

function product(view: OperatorView, width: number, colours: Colours): string {
  if (view.product === null) return colours.dim(`  The state of ${PRODUCT} itself is for operator keys; none was given.`);
  const lines = leaves(view.product).slice(0, STATE_LINES);
  return [colours.dim(`  ${PRODUCT}`), table(colours, ['', ''], lines.map(([name, value]) => [name, clip(value, width - 30)])).split('\n').slice(1).join('\n')].join('\n');
}

/** Fields of fields as dotted names: the product's state grows with its parts, and the demo need not know each of them. */
function leaves(value: object, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]): [string, string][] => {
    if (Array.isArray(field)) return [[prefix + name, field.length === 0 ? 'none' : field.every((item) => typeof item !== 'object') ? field.join(', ') : `${field.length}`]];
    if (typeof field === 'object' && field !== null) return leaves(field, `${prefix}${name}.`);
    return [[prefix + name, field === null ? '–' : typeof field === 'string' ? field : JSON.stringify(field)]];
  });
}

function percent(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} %`;
}
