import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram } from 'prom-client';
import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Seconds: a point read takes 1 ms, a batch of 500 conversations a second, and no statement more than 30 s. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Addresses and methods are the caller's to invent; what no route knows must not make new series. */
const UNKNOWN = 'unknown';

/** How many requests were answered with what, and how long it took. */
@Injectable()
export class HttpFigures {
  private readonly durations: Histogram;
  private inFlight = 0;
  private readonly known = new Map<string, Histogram.Internal<string>>();

  constructor(metrics: Metrics) {
    this.durations = new Histogram({
      name: 'nagaya_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer, by method, route template and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [metrics.registry],
    });
    const figures = this;
    const gauge = new Gauge({
      name: 'nagaya_http_requests_in_flight',
      help: 'Requests that are being worked on.',
      registers: [],
      collect() {
        this.set(figures.inFlight);
      },
    });
    metrics.registry.registerMetric(gauge);
  }

  /** Kept, because finding one by its labels takes longer than counting. */
  private series(method: string, route: string, status: string): Histogram.Internal<string> {
    const key = `${method} ${status} ${route}`;
    let series = this.known.get(key);
    if (series === undefined) this.known.set(key, (series = this.durations.labels({ method, route, status })));
    return series;
  }

  /** Has to come before every other hook: a request that one of those refuses counts too. */
  observe(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      this.inFlight++;
      // `close` comes once however the request ends; of one whose client went away, onResponse tells nothing.
      reply.raw.once('close', () => {
        this.inFlight--;
        const route = request.routeOptions.url;
        const [method, path] = route === undefined ? [UNKNOWN, UNKNOWN] : [request.method, route];
        this.series(method, path, reply.raw.writableFinished ? String(reply.statusCode) : 'aborted').observe(reply.elapsedTime / 1_000);
      });
      done();
    });
  }
}
