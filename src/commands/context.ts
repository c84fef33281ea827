import { loadConfiguration, type Configuration } from '../config/env.js';
import { openCluster, type Cluster } from '../database/cluster.js';
import { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { RoleNames } from '../database/role-names.js';
import { AppError } from '../errors/app-error.js';
import { houseOf } from '../house.js';
import { PRODUCTS } from '../products/index.js';

export interface CommandContext {
  readonly configuration: Configuration;
  readonly house: House;
}

/** What every verb starts from. @throws ConfigurationError */
export function commandContext(): CommandContext {
  return { configuration: loadConfiguration((prefix) => new RoleNames(prefix).logins(PRODUCTS), PRODUCTS.map(({ id }) => id)), house: houseOf(PRODUCTS) };
}

/** Opens the cluster for the length of a verb; on the embedded engine it joins the process that runs it, if any. */
export async function withCluster<T>({ configuration }: CommandContext, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}

/** Like `withCluster`, with the serving logins. */
export async function withDatabases<T>(context: CommandContext, work: (databases: Databases, cluster: Cluster) => Promise<T>): Promise<T> {
  return withCluster(context, async (cluster) => {
    const ids = context.house.products.map((product) => product.id);
    const databases = new Databases(cluster, context.house, ids, { poolMax: 1, maxConnections: ids.length + 1 });
    try {
      return await work(databases, cluster);
    } finally {
      await databases.close();
    }
  });
}

/** The service's words for what is not there are those for a caller over HTTP. */
export async function orMissing<T>(asked: Promise<T>, words: string): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof AppError && error.code === 'not_found' ? new AppError('not_found', words) : error;
  }
}
