import { CORE } from './core/core.manifest.js';
import type { ProductManifest } from './database/manifest.js';
import type { House } from './database/migrator.js';
import { MONITORING } from './monitoring/monitoring.manifest.js';

/** What stands in the cluster: the shared schemas in the order in which they are migrated, and the products. */
export function houseOf(products: readonly ProductManifest[]): House {
  return { shared: [CORE, MONITORING], products };
}
