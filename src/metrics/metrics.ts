import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { Remembered } from './remembered.js';

/** How long an answer of the database serves further scrapes, milliseconds: two Prometheus servers cost what one costs. */
const FRESH_MS = 5_000;

/** One gauge of several that are read together. */
export interface FigureGauge<Row> {
  /** Ends in its unit: `_seconds`, `_bytes`, `_total` only for counters. */
  readonly name: `nagaya_${string}`;
  readonly help: string;
  readonly labels: readonly string[];
  /** What a row says; undefined leaves the row out. */
  readonly of: (row: Row) => { readonly labels: Readonly<Record<string, string>>; readonly value: number } | undefined;
}

export interface Figures<Row> {
  /** Asked at most every few seconds, when somebody scrapes. Failing leaves its gauges empty, not the scrape. */
  readonly read: () => Promise<readonly Row[]>;
  readonly gauges: readonly FigureGauge<Row>[];
}

/**
 * What `GET /metrics` tells. Modules hang theirs on `registry`, or hand in figures that the database has to be asked
 * for. One registry for each application, not prom-client's global one: tests and tools start several in one process.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly logger = new Logger(Metrics.name);
  private readonly failures = new Counter({
    name: 'nagaya_metrics_read_failures_total',
    help: 'Reads of figures from the database that failed; their gauges were left out of the scrape.',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Gauges that one query fills; a row that is gone takes its lines with it. */
  addFigures<Row>({ read, gauges }: Figures<Row>): void {
    const rows = new Remembered(read, FRESH_MS);
    for (const { name, help, labels, of } of gauges) {
      const current = () => this.readOrNothing(name, rows);
      const gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [],
        async collect() {
          const figures = (await current()).flatMap((row) => of(row) ?? []);
          this.reset();
          // Without labels prom-client writes a 0 for what nobody has set.
          if (labels.length === 0) this.remove();
          for (const figure of figures) this.set(figure.labels, figure.value);
        },
      });
      this.registry.registerMetric(gauge);
    }
  }

  private async readOrNothing<Row>(gauge: string, rows: Remembered<readonly Row[]>): Promise<readonly Row[]> {
    try {
      return await rows.value();
    } catch (error) {
      this.failures.inc();
      this.logger.warn(`The figures of ${gauge} could not be read: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }
}
