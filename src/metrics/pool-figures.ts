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
  }
}
