import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from './product-plan.js';

const CLASS = /^export class (\w+)/gm;
const TAG = /\bname: '([^']+)', description:/g;
const RULE = /\bid: '([a-z-]+)',[^{}]*?threshold: \{ unit/g;
const PRODUCT_ROUTE = /:productId\/([a-z][a-z-]*)/g;

/** Reads what is in the source: names of classes, sections of the documentation, routes of every product, alert rules. */
export function lookAround(root: string): Surroundings {
  const texts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => ({ path, text: readFileSync(join(root, 'src', path), 'utf8') }));
  const found = (pattern: RegExp, wanted: (path: string) => boolean) =>
    new Set(texts.filter(({ path }) => wanted(path)).flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name = '']) => name)));
  return {
    classes: found(CLASS, () => true),
    tags: found(TAG, (path) => path.endsWith('.manifest.ts')),
    rules: found(RULE, () => true),
    routes: found(PRODUCT_ROUTE, (path) => path.endsWith('.controller.ts')),
  };
}
