import { AppError } from '../../errors/app-error.js';
import type { SchemaManifest } from '../manifest.js';
import { knownMigrations } from './known-migrations.js';

interface SchemasOfHouse {
  readonly shared: readonly SchemaManifest[];
  readonly products: readonly SchemaManifest[];
}

interface Choice {
  readonly schemas?: readonly string[];
  readonly canary?: string;
  readonly to?: string;
}

/**
 * Which schemas a run is about, shared ones first.
 * @throws AppError `validation_failed` for what is not there
 */
export async function chooseSchemas(house: SchemasOfHouse, { schemas, canary, to }: Choice): Promise<SchemaManifest[]> {
  const all: SchemaManifest[] = [...house.shared, ...house.products];
  const unknown = (schemas ?? []).filter((schema) => !all.some((manifest) => manifest.id === schema));
  if (unknown.length > 0) {
    throw new AppError('validation_failed', `There is no schema ${unknown.join(', ')}; there are ${all.map((manifest) => manifest.id).join(', ')}.`);
  }
  if (canary !== undefined && !house.products.some((product) => product.id === canary)) throw new AppError('validation_failed', `There is no product ${canary} to be the canary.`);
  const wanted = all.filter((manifest) => schemas === undefined || schemas.includes(manifest.id));
  if (to === undefined) return wanted;
  const [only] = wanted;
  if (only === undefined || wanted.length > 1) throw new AppError('validation_failed', 'Up to which migration is a question to one schema: name it with --schema.');
  const names = (await knownMigrations(only)).map((migration) => migration.name);
  if (!names.includes(to)) throw new AppError('validation_failed', `${only.id} has no migration ${to}; it has ${names.join(', ')}.`);
  return wanted;
}
