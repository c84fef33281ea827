import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { Authenticator } from './auth/authenticator.js';
import { limitBodies } from './auth/body-budget.js';
import { LargeBodies } from './auth/large-bodies.js';
import { limitRate } from './auth/rate-limit.js';
import { takeTurns, Turns } from './auth/turns.js';
import { NotificationTargets } from './alerts/notifications/notification-targets.js';
import type { BackupHouse } from './backup/backup-house.js';
import { openStore } from './backup/store/open-store.js';
import type { AlertSettings } from './config/alert-settings.js';
import type { Configuration } from './config/env.js';
import { openCluster, type Cluster } from './database/cluster.js';
import { readConnectionRoom } from './database/connection-room.js';
import { Databases } from './database/databases.js';
import type { House } from './database/migrator.js';
import { Embeddings } from './embeddings/embeddings.js';
import { AppError } from './errors/app-error.js';
import { ProblemJsonFilter } from './errors/problem-json.filter.js';
import { documentApi } from './document-api.js';
import { Draining } from './health/probes/draining.js';
import { createFastifyAdapter } from './http/fastify.js';
import { NestLogger } from './http/logging.js';
import { serveDocs } from './http/openapi.js';
import { setSecurityHeaders } from './http/security-headers.js';
import { ValidationPipe } from './http/validation.pipe.js';
import { JobRunner } from './jobs/job-runner.js';
import { HttpFigures } from './metrics/http-figures.js';
import { guardMetrics } from './metrics/metrics-token.js';
import type { SpanRecorder } from './tracing/span-recorder.js';
import { startTracing } from './tracing/start-tracing.js';
import { traceRequests } from './tracing/trace-requests.js';
import { migrateHouse } from './migrate-house.js';
import { VERSION } from './version.js';

export interface StartOptions {
  readonly configuration: Configuration;
  readonly house: House;
  readonly logger: Logger;
  readonly onProgress?: (step: string) => void;
}

/** A service that listens. `close` drains: requests in flight are answered, then the pools and the engine are closed. */
export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly cluster: Cluster;
  readonly databases: Databases;
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startService(options: StartOptions): Promise<RunningService> {
  const { configuration, house, logger } = options;
  const onProgress = options.onProgress ?? (() => {});
  const active = activeProducts(configuration, house);
  onProgress(configuration.databaseUrl === undefined ? 'opening the embedded database' : 'connecting to the server');
  const cluster = await openCluster(configuration, {
    purpose: 'serve',
    onProgress,
    log: (level, message) => logger[level](message),
  });
  try {
    if (configuration.migrateOnStart) await migrateOnStart(cluster, options, active, onProgress);
    const databases = new Databases(cluster, house, active, configuration);
    if (cluster.engine === 'server') await checkRoom(databases, configuration, logger);
    onProgress('opening the door');
    const recorder = await startTracing(configuration.tracing, VERSION, logger);
    const app = await createApp(configuration, house, cluster, databases, logger, recorder);
    try {
      await app.listen(configuration.port, configuration.host);
    } catch (error) {
      await app.close();
      throw error;
    }
    return { app, cluster, databases, url: addressOf(app, configuration.host), close: () => closeAll(app, databases, cluster, recorder) };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** The application without its socket, for tests and for writing the OpenAPI document. */
export async function createApp(
  configuration: Pick<Configuration, 'backup' | 'bodyLimit' | 'docs' | 'embeddings' | 'metricsToken' | 'rateLimit' | keyof AlertSettings>,
  house: House,
  cluster: Cluster,
  databases: Databases,
  logger: Logger,
  recorder?: SpanRecorder<unknown>,
): Promise<NestFastifyApplication> {
  const turns = new Turns();
  const largeBodies = new LargeBodies(turns, databases.heavyWrites);
  const adapter = createFastifyAdapter({ bodyLimit: configuration.bodyLimit, whenToParse: (request, bytes) => largeBodies.whenToParse(request, bytes), logger });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forHouse(house, cluster, databases, await backupsHere(configuration, house, cluster, databases)), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemJsonFilter());
  const fastify = app.getHttpAdapter().getInstance();
  const stopTracing = traceRequests(fastify, recorder);
  fastify.addHook('onClose', async () => stopTracing());
  app.get(HttpFigures).observe(fastify);
  app.get(Draining, { strict: false }).watch(fastify);
  setSecurityHeaders(fastify);
  guardMetrics(fastify, configuration.metricsToken);
  app.get(Authenticator).guard(fastify);
  app.get(NotificationTargets, { strict: false }).use(configuration);
  app.get(Embeddings, { strict: false }).use(configuration.embeddings);
  await limitRate(app, configuration.rateLimit);
  takeTurns(fastify, turns, (product) => databases.noteAtWork(product));
  largeBodies.watchAnswers(fastify);
  limitBodies(fastify, configuration.bodyLimit);
  if (configuration.docs) serveDocs(app, documentApi(app, house));
  return app;
}

/** On a server another process makes the backups, as serving holds no rights for it; the embedded engine has no other process. */
async function backupsHere({ backup: settings }: Pick<Configuration, 'backup'>, house: House, cluster: Cluster, databases: Databases): Promise<BackupHouse | undefined> {
  if (cluster.engine === 'server') return undefined;
  return { cluster, house, control: databases.control, settings, store: await openStore(settings), version: VERSION };
}

/** Only what this process serves: another may serve the rest, in its own time. */
async function migrateOnStart(cluster: Cluster, { configuration, house, logger }: StartOptions, active: readonly string[], onProgress: (step: string) => void): Promise<void> {
  const report = await migrateHouse(cluster, house, {
    roleConnectionLimit: configuration.roleConnectionLimit,
    schemas: [...house.shared.map((manifest) => manifest.id), ...active],
    onProgress,
  });
  for (const { schema, error } of report.schemas) {
    if (error === undefined) continue;
    logger.error({ err: error, schema }, `The schema ${schema} could not be migrated; it is not served until it is.`);
  }
}

/**
 * A server without room for the pools fails under load, at night; better at start. One that can't be asked now is no
 * reason not to start: readiness waits for it.
 */
async function checkRoom(databases: Databases, { maxConnections }: Configuration, logger: Logger): Promise<void> {
  let room: number;
  try {
    room = await readConnectionRoom(databases.control);
  } catch (error) {
    logger.warn({ err: error }, 'The database does not answer yet; the service starts and waits for it.');
    return;
  }
  if (maxConnections <= room) return;
  throw new AppError(
    'conflict',
    `NAGAYA_MAX_CONNECTIONS is ${maxConnections}, but the server gives all its clients together ${room} connections. Lower the one or raise the server's max_connections.`,
  );
}

/** @throws AppError `validation_failed` for a product that is not in the list */
function activeProducts({ activeProducts: chosen }: Configuration, house: House): string[] {
  const known = house.products.map((product) => product.id);
  const unknown = (chosen ?? []).filter((id) => !known.includes(id));
  if (unknown.length === 0) return known.filter((id) => chosen === undefined || chosen.includes(id));
  throw new AppError('validation_failed', `ACTIVE_PRODUCTS names ${unknown.join(', ')}; there are ${known.join(', ')}.`);
}

function addressOf(app: NestFastifyApplication, host: string): string {
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function closeAll(app: NestFastifyApplication, databases: Databases, cluster: Cluster, recorder: SpanRecorder<unknown> | undefined): Promise<void> {
  app.get(JobRunner, { strict: false }).hold();
  await app.get(Draining, { strict: false }).begin();
  await app.close();
  await databases.close();
  await cluster.close();
  await recorder?.stop();
}
