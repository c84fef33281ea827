import type { INestApplicationContext } from '@nestjs/common';
import { createApp } from '../bootstrap.js';
import type { Databases } from '../database/databases.js';
import { createLogger } from '../http/logging.js';
import { JobRunner } from '../jobs/job-runner.js';
import { withDatabases, type CommandContext } from './context.js';

/**
 * The parts of the service put together as they serve, for a verb that uses several of them: without its socket, and
 * with its schedule at rest.
 * @param job the one job that runs all the same, where nobody else has it
 */
export async function withParts<T>(context: CommandContext, work: (parts: INestApplicationContext, databases: Databases) => Promise<T>, job?: string): Promise<T> {
  return withDatabases(context, async (databases, cluster) => {
    const app = await createApp({ ...context.configuration, docs: false }, context.house, cluster, databases, createLogger('silent'));
    const runner = app.get(JobRunner, { strict: false });
    if (job === undefined) runner.hold();
    else runner.runOnly(job);
    try {
      await app.init();
      return await work(app, databases);
    } finally {
      await app.close();
    }
  });
}
