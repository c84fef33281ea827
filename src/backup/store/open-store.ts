import type { BackupSettings } from '../../config/backup-settings.js';
import type { BackupStore } from './backup-store.js';
import { FolderStore } from './folder-store.js';

export async function openStore({ to }: BackupSettings): Promise<BackupStore> {
  return new FolderStore(to);
}
