import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Databases } from '../database/databases.js';
import { Metrics } from './metrics.js';

/** The pools of this process, as they are at the moment of the scrape. The control role's stands among the products' under its own name. */
@Injectable()
export class PoolFigures {
  constructor(metrics: Metrics, databases: Databases) {
    const gauge = new Gauge({
      name: 'nagaya_pool_connections',
      help: 'Connections of each login of this process: at work, idle; and requests that wait for one.',
      labelNames: ['product', 'state'],
      registers: [],
      collect() {
        for (const database of databases.all()) {
          for (const [state, count] of Object.entries(database.poolState())) this.set({ product: database.subject, state }, count);
        }
      },
    });
    metrics.registry.registerMetric(gauge);
    metrics.registry.registerMetric(heavyWork(databases));
  }
}

/** Beside others a product has a few places for heavy work; what waits for one shows that they are too few, or the searches too many. */
function heavyWork(databases: Databases): Gauge {
  return new Gauge({
    name: 'nagaya_heavy_work',
    help: 'Searches and summaries (kind reads) and large bodies (kind writes) of each product in this process: at work, and waiting for a place.',
    labelNames: ['product', 'kind', 'state'],
    registers: [],
    collect() {
      for (const { subject: product } of databases.served()) {
        for (const [kind, heavy] of Object.entries({ reads: databases.heavyReads, writes: databases.heavyWrites })) {
          for (const [state, count] of Object.entries(heavy.stateOf(product))) this.set({ product, kind, state }, count);
        }
      }
    },
  });
}
