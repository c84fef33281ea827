import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedCluster, type Cluster } from '../../database/cluster.js';
import type { RoleNames } from '../../database/role-names.js';

/** An embedded engine that is there for `work` alone, in a temporary folder: the one that serves goes on meanwhile. */
export async function withScratchEngine<T>(roles: RoleNames, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'nagaya-scratch-'));
  try {
    const cluster = await openEmbeddedCluster({ dataDir }, roles);
    try {
      return await work(cluster);
    } finally {
      await cluster.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
