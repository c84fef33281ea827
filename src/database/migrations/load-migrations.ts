import { readdir } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.js';
import type { SchemaManifest } from '../manifest.js';

/** What TypeORM takes as a migration. */
export type MigrationClass = new () => { name?: string; up(runner: never): Promise<unknown>; down(runner: never): Promise<unknown> };

/** `<13 digits>-<verb>.ts` in a checkout, `.js` once built; nothing else in the folder is a migration. */
const MIGRATION_FILE = /^\d{13}-[a-z0-9-]+\.(?:ts|js)$/;

/**
 * The migrations of one schema, oldest first. Imported here and not by TypeORM's globs, which can't import
 * TypeScript under Jest and would say nothing about an empty folder.
 */
export async function loadMigrations(manifest: Pick<SchemaManifest, 'id' | 'migrations'>): Promise<MigrationClass[]> {
  const files = (await readdir(manifest.migrations)).filter((file) => MIGRATION_FILE.test(file)).sort();
  const classes: MigrationClass[] = [];
  for (const file of files) {
    const module: unknown = await import(new URL(file, manifest.migrations).href);
    const exported = Object.values(module as Record<string, unknown>).filter(isMigration);
    if (exported.length !== 1 || exported[0] === undefined) {
      throw new AppError('internal', `The migration ${manifest.id}/${file} must export exactly one migration class.`);
    }
    classes.push(exported[0]);
  }
  return classes;
}

function isMigration(value: unknown): value is MigrationClass {
  return typeof value === 'function' && typeof (value.prototype as { up?: unknown } | undefined)?.up === 'function';
}

/** The folder of a schema's migrations: the same place relative to this file in a checkout and in `dist/`. */
export function migrationsFolder(schema: string): URL {
  return new URL(`../../../migrations/${schema}/`, import.meta.url);
}
