import { AppError } from '../errors/app-error.js';
import type { ProductPlan } from './product-plan.js';

const ARRAY = /(export const PRODUCTS: readonly ProductManifest\[\] = \[)([^\]]*)(\];)/;

/**
 * The text of `src/products/index.ts` with one product more.
 * @throws AppError `conflict` where the product is in it already, or the list is not written as expected
 */
export function withProduct(list: string, { id, constant, kebab }: Pick<ProductPlan, 'id' | 'constant' | 'kebab'>): string {
  const array = ARRAY.exec(list);
  if (array === null) throw new AppError('conflict', 'src/products/index.ts does not hold the list as it is expected: export const PRODUCTS: readonly ProductManifest[] = […];');
  const names = (array[2] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (names.includes(constant)) throw new AppError('conflict', `The product "${id}" stands in src/products/index.ts already.`);
  const imports = list.split('\n').filter((line) => line.startsWith('import '));
  const last = imports.at(-1);
  if (last === undefined) throw new AppError('conflict', 'src/products/index.ts imports nothing: the list is not written as it is expected.');
  const added = `import { ${constant} } from './${kebab}/${kebab}.manifest.js';`;
  return list.replace(last, () => `${last}\n${added}`).replace(ARRAY, (_, open: string, _names, close: string) => `${open}${[...names, constant].join(', ')}${close}`);
}
