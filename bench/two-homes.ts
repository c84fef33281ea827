// The service as `nagaya start` runs it, with one more product in its house: the neighbour that a flood must not reach. Started as a process.
import 'reflect-metadata';
import { startService } from '../src/bootstrap.js';
import { readConfiguration } from '../src/config/env.js';
import { houseOf } from '../src/house.js';
import { createLogger } from '../src/http/logging.js';
import { PRODUCTS } from '../src/products/index.js';
import { NEIGHBOUR } from './neighbour.js';

const house = houseOf([...PRODUCTS, NEIGHBOUR]);
const configuration = readConfiguration(process.env, () => []);
const service = await startService({ configuration, house, logger: createLogger(configuration.logLevel) });
process.stdout.write(`serves at ${service.url}\n`);
process.once('SIGTERM', () => {
  void service.close();
});
