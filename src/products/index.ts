import type { ProductManifest } from '../database/manifest.js';
import { CODING_RULE2 } from './coding-rule2/coding-rule2.manifest.js';

/** Every product of this deployment: the one list. Roles, pools, migrations, checks and documentation follow from it. */
export const PRODUCTS: readonly ProductManifest[] = [CODING_RULE2];
