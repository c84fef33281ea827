import type { Command } from 'commander';
import pc from 'picocolors';
import { pino } from 'pino';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { startService, type RunningService } from '../bootstrap.js';
import type { House } from '../database/migrator.js';
import { DatabaseProbe } from '../health/probes/database-probe.js';
import { createLogger } from '../http/logging.js';
import { commandContext } from './context.js';
import { print, progressPrinter } from './output.js';
import { untilSignalled } from './signals.js';

export function defineStart(start: Command): void {
  start.action(runStart);
}

/** Serves until SIGTERM or SIGINT, then drains. People read standard output, machines the log on standard error. */
export async function runStart(): Promise<void> {
  const { configuration, house } = commandContext();
  const progress = progressPrinter(true);
  const logger = createLogger(configuration.logLevel, pino.destination({ fd: 2, sync: false }));
  const service = await startService({ configuration, house, logger, onProgress: progress.step });
  progress.done();
  printWelcome(service, configuration.docs);
  await printWhatIsMissing(service);
  await printFirstKeys(service, house);
  await untilSignalled();
  progress.step('draining');
  await service.close();
}

function printWelcome({ url, cluster }: RunningService, docs: boolean): void {
  print();
  print(`  ${pc.bold('Nagaya')} serves at ${pc.bold(url)}`);
  print(`  API            ${url}/v1`);
  if (docs) print(`  documentation  ${url}/docs  (OpenAPI: ${url}/openapi.json)`);
  print(`  probes         ${url}/health/live  ${url}/health/ready  ${url}/health/startup`);
  if (cluster.engine === 'embedded') {
    print(`  database       embedded, for trying out: no security boundary between products, a power cut may lose the last writes`);
  } else {
    print(`  database       a PostgreSQL server`);
  }
  print();
}

/** A server that is not migrated yet, or not there, is no reason to stop: readiness waits for it, and so does this line. */
async function printWhatIsMissing({ app }: RunningService): Promise<void> {
  const { database, migrations, roles } = await app.get(DatabaseProbe, { strict: false }).ask();
  for (const { up, message } of [database, migrations, roles]) {
    if (!up && message !== undefined) print(`  ${pc.yellow('not ready:')} ${message}`);
  }
}

/** The embedded default has nobody to make its first keys; on a server, `nagaya key create` does. */
async function printFirstKeys({ url, cluster, databases }: RunningService, house: House): Promise<void> {
  if (cluster.engine !== 'embedded') return;
  const [row] = await databases.control.query<{ keys: number }>('SELECT count(*)::int AS keys FROM core.api_keys');
  const product = house.products.find((candidate) => databases.serves(candidate.id));
  if (row === undefined || product === undefined) return;
  if (row.keys > 0) {
    print(`  Keys were shown at the first start; make more with: npm run nagaya -- key create --product ${product.id}\n`);
    return;
  }
  const keys = new ApiKeysService(databases);
  const operator = await keys.create({ name: 'first operator' });
  const own = await keys.create({ name: `first key of ${product.id}`, productId: product.id });
  const patterns = `${url}/v1/products/${product.id}/mistake-patterns`;
  print(`  ${pc.bold('Your keys, shown this once:')}`);
  print(`  operator       ${operator.key}`);
  print(`  ${product.id.padEnd(13)}  ${own.key}`);
  print();
  print(`  ${pc.bold('Try:')}`);
  print(`  curl ${url}/health/ready`);
  print(`  curl -X POST ${patterns}/edited-without-reading/occurrences -H 'Authorization: Bearer ${own.key}' -H 'Content-Type: application/json' -d '{"detail":"Changed a file it had not opened"}'`);
  print(`  curl ${patterns} -H 'Authorization: Bearer ${own.key}'`);
  print();
}
