import { AppError } from '../../errors/app-error.js';
import { BackupKey } from '../archive/cipher.js';
import { checkSeal, manifestOf, type BackupManifest, type SchemaArchive } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { readManifests } from '../list-backups.js';

/**
 * The backup with that id, name or end of an id, its manifest proven to be what was written.
 * @throws AppError `not_found`, or `validation_failed` where it was changed or the key is another one
 */
export async function findBackup(house: Pick<BackupHouse, 'store' | 'settings'>, wanted: string): Promise<BackupManifest> {
  const texts = await house.store.manifests();
  const byName = texts.get(wanted);
  const found = byName === undefined ? (await readManifests(house)).filter(({ id }) => id === wanted || (wanted.length >= 8 && id.endsWith(wanted))) : [manifestOf(wanted, byName)];
  const [manifest, another] = found;
  if (manifest === undefined) throw new AppError('not_found', `There is no backup ${wanted} in ${house.store.place}. "nagaya backup list" shows which there are.`);
  if (another !== undefined) throw new AppError('validation_failed', `Several backups end with ${wanted}; give the whole id.`);
  checkSeal(manifest, keyFor(manifest, house)?.sealKey);
  const { seal: _, ...proven } = manifest;
  return proven;
}

/** @throws AppError `validation_failed` where it takes a key that is not the one set */
export function keyFor(manifest: BackupManifest, { settings }: Pick<BackupHouse, 'settings'>): BackupKey | undefined {
  if (manifest.encryption === null) return undefined;
  const { keyId } = manifest.encryption;
  if (settings.key === undefined) throw new AppError('validation_failed', `The backup ${manifest.name} is encrypted (key ${keyId}). Set NAGAYA_BACKUP_KEY to the key it was made with.`);
  const key = new BackupKey(settings.key);
  if (key.id === keyId) return key;
  throw new AppError('validation_failed', `The backup ${manifest.name} was encrypted with another key (${keyId}) than NAGAYA_BACKUP_KEY (${key.id}).`);
}

/** The archive of a schema. @throws AppError `not_found` */
export function archiveOf(manifest: BackupManifest, schema: string): SchemaArchive {
  const archive = manifest.archives.find((candidate) => candidate.schema === schema);
  if (archive !== undefined) return archive;
  throw new AppError('not_found', `The backup ${manifest.name} does not hold ${schema}; it holds ${manifest.archives.map((each) => each.schema).join(', ')}.`);
}
