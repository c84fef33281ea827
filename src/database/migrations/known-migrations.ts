import type { MigrationInterface } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import type { SchemaManifest } from '../manifest.js';
import { loadMigrations, type MigrationClass } from './load-migrations.js';

/** A migration of this release. */
export interface KnownMigration {
  /** As it stands in the history. */
  readonly name: string;
  /** Milliseconds since 1970, from the 13 digits that its name ends with. */
  readonly timestamp: number;
  /** False where it says `transaction = false`. */
  readonly transactional: boolean;
  make(): MigrationInterface;
}

/** The migrations of one schema, oldest first. */
export async function knownMigrations(manifest: Pick<SchemaManifest, 'id' | 'migrations'>): Promise<KnownMigration[]> {
  return (await loadMigrations(manifest)).map((migration) => known(manifest.id, migration));
}

function known(schema: string, migration: MigrationClass): KnownMigration {
  const make = (): MigrationInterface => new migration();
  const instance = make();
  const name = instance.name ?? migration.name;
  const timestamp = Number(/\d{13}$/.exec(name)?.[0]);
  if (Number.isNaN(timestamp)) throw new AppError('internal', `The name of the migration ${schema}/${name} must end with the 13 digits of its time.`);
  return { name, timestamp, transactional: instance.transaction !== false, make };
}
