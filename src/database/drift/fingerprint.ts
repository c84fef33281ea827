import { readFile } from 'node:fs/promises';
import type { SchemaManifest } from '../manifest.js';
import type { Catalogue } from './catalogue.js';

/** What one migration changes in the catalogue of an empty database that the ones before it have made. */
export interface MigrationPrint {
  readonly name: string;
  /** Objects that it makes or changes, with their definition afterwards. */
  readonly sets: Readonly<Record<string, string>>;
  /** Objects that are gone afterwards. */
  readonly drops: readonly string[];
}

/** `migrations/<schema>/fingerprint.json`: in order, what each migration makes. Written by `npm run migrations:fingerprint`. */
export interface Fingerprint {
  readonly migrations: readonly MigrationPrint[];
}

export const FINGERPRINT_FILE = 'fingerprint.json';

/** The fingerprint that was built with this release; undefined where a schema has none. */
export async function loadFingerprint(manifest: Pick<SchemaManifest, 'migrations'>): Promise<Fingerprint | undefined> {
  try {
    return JSON.parse(await readFile(new URL(FINGERPRINT_FILE, manifest.migrations), 'utf8')) as Fingerprint;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a schema holds after these of its migrations. */
export function expectedAfter(fingerprint: Fingerprint, applied: readonly string[]): Map<string, string> {
  const expected = new Map<string, string>();
  for (const { sets, drops } of fingerprint.migrations.filter(({ name }) => applied.includes(name))) {
    for (const object of drops) expected.delete(object);
    for (const [object, definition] of Object.entries(sets)) expected.set(object, definition);
  }
  return expected;
}

/** What happened between two looks, sorted so that the file changes only where something does. */
export function printOf(name: string, before: Catalogue, after: Catalogue): MigrationPrint {
  const sets = [...after].filter(([object, definition]) => before.get(object) !== definition).sort(byObject);
  const drops = [...before.keys()].filter((object) => !after.has(object)).sort((one, other) => (one < other ? -1 : 1));
  return { name, sets: Object.fromEntries(sets), drops };
}

function byObject([one]: [string, string], [other]: [string, string]): number {
  return one < other ? -1 : 1;
}
