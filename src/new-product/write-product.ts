import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { codeOf } from './field-code.js';
import { controllerFile } from './files/controller.js';
import { dtoFile } from './files/dto.js';
import { e2eTestFile } from './files/e2e-test.js';
import { entityFile } from './files/entity.js';
import { migrationFile } from './files/migration.js';
import { databaseFile, manifestFile, moduleFile } from './files/product.js';
import { serviceFile } from './files/service.js';
import { withProduct } from './product-list.js';
import { planProduct, type ProductPlan, type ProductWish } from './product-plan.js';
import { lookAround } from './surroundings.js';

export interface WrittenProduct {
  readonly plan: ProductPlan;
  /** Paths from the root of the checkout; the list, which was changed, comes last. */
  readonly files: readonly string[];
}

const LIST = 'src/products/index.ts';

/**
 * Writes a new product into a checkout: its folder, its first migration, its test, and its line in the list. Everything
 * is worked out before the first byte is written; what then fails is taken back.
 * @throws AppError `validation_failed` for a wish that can't be met, `conflict` where something of that name is there
 */
export function writeProduct(root: string, wish: ProductWish, now = new Date()): WrittenProduct {
  const list = readList(root);
  const plan = planProduct(wish, lookAround(root), now);
  const files = filesOf(plan);
  refuseExisting(root, plan, files);
  const newList = withProduct(list, plan);
  const made: string[] = [];
  try {
    for (const [path, text] of files) {
      made.push(...missingFolders(root, dirname(path)), path);
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { flag: 'wx' });
    }
    // The line in the list is what makes it a product, so it comes last, and whole.
    writeFileSync(join(root, `${LIST}.new`), newList);
    renameSync(join(root, `${LIST}.new`), join(root, LIST));
  } catch (error) {
    for (const path of [...made, `${LIST}.new`]) rmSync(join(root, path), { recursive: true, force: true });
    throw error;
  }
  return { plan, files: [...files.keys(), LIST] };
}

function filesOf(plan: ProductPlan): Map<string, string> {
  const fields = plan.fields.map((field) => codeOf(field, plan));
  const { id, kebab, route, oneFile, timestamp } = plan;
  const home = `src/products/${kebab}`;
  return new Map([
    [`${home}/${kebab}.manifest.ts`, manifestFile(plan)],
    [`${home}/${kebab}.module.ts`, moduleFile(plan)],
    [`${home}/${kebab}.database.ts`, databaseFile(plan)],
    [`${home}/${route}/${oneFile}.entity.ts`, entityFile(plan, fields)],
    [`${home}/${route}/${oneFile}.dto.ts`, dtoFile(plan, fields)],
    [`${home}/${route}/${route}.service.ts`, serviceFile(plan, fields)],
    [`${home}/${route}/${route}.controller.ts`, controllerFile(plan, fields)],
    [`migrations/${id}/${timestamp}-create-${kebab}.ts`, migrationFile(plan, fields)],
    [`test/e2e/${kebab}.e2e.test.ts`, e2eTestFile(plan, fields)],
  ]);
}

function readList(root: string): string {
  if (!existsSync(join(root, LIST)) || !existsSync(join(root, 'migrations'))) {
    throw new AppError('conflict', `A product is written into a checkout of Nagaya's source, and ${root} is none: there is no ${LIST}. Change to the checkout and run it there.`);
  }
  return readFileSync(join(root, LIST), 'utf8');
}

function refuseExisting(root: string, { id, kebab }: ProductPlan, files: ReadonlyMap<string, string>): void {
  // An empty folder is what a version control system leaves of a product that was taken out.
  const folders = [`src/products/${kebab}`, `migrations/${id}`].filter((folder) => existsSync(join(root, folder)) && readdirSync(join(root, folder)).length > 0);
  const found = [...folders, ...[...files.keys()].filter((path) => existsSync(join(root, path)))];
  if (found[0] !== undefined) throw new AppError('conflict', `There is a product "${id}" already, or what is left of one: ${found[0]}. Choose another id, or take that away first.`);
}

/** The folders on the way to a path that are not there yet, the outermost first. */
function missingFolders(root: string, folder: string): string[] {
  if (folder === '.' || existsSync(join(root, folder))) return [];
  return [...missingFolders(root, dirname(folder)), folder];
}
