import type { BackupSettings } from '../../config/backup-settings.js';
import type { BackupStore } from './backup-store.js';
import { FolderStore } from './folder-store.js';

/** The AWS SDK is loaded where backups go to a bucket, and nowhere else: it takes a fifth of a second and some 20 MB. */
export async function openStore({ to, bucket }: BackupSettings): Promise<BackupStore> {
  if (bucket === undefined) return new FolderStore(to);
  const { BucketStore } = await import('./bucket/bucket-store.js');
  return new BucketStore(bucket);
}
