import { AppError } from '../../errors/app-error.js';
import { BackupKey } from '../archive/cipher.js';
import { checkSeal, type BackupManifest } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';

/**
 * What a look at a backup shows to be wrong with it, without reading its files: a manifest that was changed, a file that is not
 * there or has another length. Undefined: nothing. A manifest sealed with another key than the one set is taken at its word.
 * @throws where the store does not answer
 */
export async function damageOf({ store, settings }: Pick<BackupHouse, 'store' | 'settings'>, manifest: BackupManifest & { readonly seal: string }): Promise<string | undefined> {
  const key = settings.key === undefined ? undefined : new BackupKey(settings.key);
  try {
    if (manifest.encryption === null) checkSeal(manifest, undefined);
    else if (key?.id === manifest.encryption.keyId) checkSeal(manifest, key.sealKey);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  const sizes = await store.sizesOf(manifest.name);
  for (const { path, bytes } of [...manifest.archives.flatMap(({ files }) => files), ...(manifest.roles === null ? [] : [manifest.roles])]) {
    const found = sizes.get(path);
    if (found === undefined) return `Its file ${path} is not there.`;
    if (found !== bytes) return `Its file ${path} has ${found} bytes instead of ${bytes}.`;
  }
  return undefined;
}
