import { houseOf } from '../../src/house.js';
import { PRODUCTS } from '../../src/products/index.js';
import { TEA_HOUSE } from './tea-house/tea-house.manifest.js';

/** Every product of the deployment, and one more. */
export const TEST_HOUSE = houseOf([...PRODUCTS, TEA_HOUSE]);
