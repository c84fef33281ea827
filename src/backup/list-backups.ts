import type { BackupStatus } from '../monitoring/backups/backup.entity.js';
import { ownDeploymentIds } from '../database/role-secret.js';
import { isRestorable, manifestOf, type BackupManifest } from './archive/manifest.js';
import type { BackupHouse } from './backup-house.js';

/** One backup, from its manifest and from what is written down about it; either may be missing. */
export interface ListedBackup {
  readonly id: string;
  /** Null: every schema. */
  readonly schema: string | null;
  readonly status: BackupStatus | 'lost';
  readonly name: string | null;
  /** False: of another deployment that keeps its backups in the same place. It can be restored; no schedule proves it or deletes it. */
  readonly own: boolean;
  readonly database: string | null;
  readonly dataOf: string | null;
  readonly durationSeconds: number | null;
  readonly bytes: number;
  readonly encrypted: boolean;
  /** False for plain SQL of a server, which psql restores and Nagaya does not. */
  readonly restorable: boolean;
  /** When it was last restored and compared, for trial or in earnest. */
  readonly provenAt: string | null;
  readonly error: string | null;
}

interface RecordRow {
  id: string;
  schema: string | null;
  status: BackupStatus;
  createdAt: Date;
  bytes: string;
  error: string | null;
  provenAt: Date | null;
}

const RECORDS_SQL = `
  SELECT b.id, b.schema_name AS schema, b.status, b.created_at AS "createdAt", b.bytes::text AS bytes, b.error,
         (SELECT max(r.finished_at) FROM monitoring.restores r WHERE r.backup_id = b.id AND r.status NOT IN ('running', 'failed')) AS "provenAt"
    FROM monitoring.backups b WHERE b.status <> 'expired' ORDER BY b.created_at DESC, b.id DESC LIMIT 500`;

/** Those that the store has, whoever made them, and those that are under way, failed, or gone from the store. Newest first. */
export async function listBackups(house: Pick<BackupHouse, 'cluster' | 'control' | 'store'>): Promise<ListedBackup[]> {
  const manifests = await readManifests(house);
  const records = new Map((await house.control.query<RecordRow>(RECORDS_SQL)).map((row) => [row.id, row]));
  const ownIds = ownDeploymentIds(house.cluster);
  const stored = manifests.map((manifest) => fromManifest(manifest, ownIds.includes(manifest.deployment), records.get(manifest.id)));
  const others = [...records.values()].filter((row) => !manifests.some((manifest) => manifest.id === row.id)).map(fromRecord);
  return [...stored, ...others].sort((a, b) => (timeOf(b) < timeOf(a) ? -1 : 1));

  function timeOf(backup: ListedBackup): string {
    return backup.dataOf ?? records.get(backup.id)?.createdAt.toISOString() ?? '';
  }
}

/** The manifests of the store, newest first; one that can't be read is no backup. */
export async function readManifests({ store }: Pick<BackupHouse, 'store'>): Promise<(BackupManifest & { readonly seal: string })[]> {
  const found: (BackupManifest & { readonly seal: string })[] = [];
  for (const [name, text] of await store.manifests()) {
    try {
      found.push(manifestOf(name, text));
    } catch {
      // Somebody else's file, or half of one; asked for by name, it says what is wrong with it.
    }
  }
  return found.sort((a, b) => (b.dataOf < a.dataOf ? -1 : 1));
}

function fromManifest(manifest: BackupManifest, own: boolean, record: RecordRow | undefined): ListedBackup {
  return {
    id: manifest.id,
    schema: manifest.schema,
    status: 'succeeded',
    name: manifest.name,
    own,
    database: manifest.database,
    dataOf: manifest.dataOf,
    durationSeconds: manifest.durationMs / 1_000,
    bytes: manifest.bytes,
    encrypted: manifest.encryption !== null,
    restorable: isRestorable(manifest),
    provenAt: record?.provenAt?.toISOString() ?? null,
    error: null,
  };
}

function fromRecord(row: RecordRow): ListedBackup {
  return {
    id: row.id,
    schema: row.schema,
    // Made, and not where backups are kept now: deleted by hand, or kept elsewhere.
    status: row.status === 'succeeded' ? 'lost' : row.status,
    name: null,
    own: true,
    database: null,
    dataOf: null,
    durationSeconds: null,
    bytes: Number(row.bytes),
    encrypted: false,
    restorable: false,
    provenAt: row.provenAt?.toISOString() ?? null,
    error: row.error,
  };
}
