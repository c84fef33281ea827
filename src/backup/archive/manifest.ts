import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../errors/app-error.js';
import type { BackupFormat } from '../../monitoring/backups/backup.entity.js';
import type { SumMethod } from '../dump/row-hash.js';
import type { TableSum } from '../dump/table-sums.js';

export const MANIFEST_FILE = 'manifest.json';
/** 2: `sums`, `hash64`. 3: `columns64`, which releases before would not know. */
const MANIFEST_VERSION = 3;

export interface StoredFile {
  /** Relative to the backup, with slashes. */
  readonly path: string;
  /** Bytes as stored. */
  readonly bytes: number;
  /** Of the stored bytes, hex: `sha256sum` gives the same. */
  readonly sha256: string;
}

export interface SchemaArchive {
  readonly schema: string;
  /** The newest migration of its history, null where it has none. */
  readonly migration: string | null;
  readonly migrations: number;
  readonly fingerprint: string;
  readonly tables: readonly TableSum[];
  /** How the tables were summed; absent in version 1: `md5`. */
  readonly sums?: SumMethod;
  /** What pg_restore or psql takes: a file, or the folder of the directory format. */
  readonly archive: string;
  readonly files: readonly StoredFile[];
}

/** What a backup is, beside its files; it is written last, so that without it there is no backup. */
export interface BackupManifest {
  readonly manifestVersion: number;
  readonly id: string;
  readonly name: string;
  /** Null: every schema. */
  readonly schema: string | null;
  readonly format: BackupFormat;
  readonly compression: string;
  readonly engine: 'embedded' | 'server';
  readonly database: string;
  /** An id of the deployment's secret, not the secret. */
  readonly deployment: string;
  /** What its roles' names begin with; absent in backups of before there was a choice. */
  readonly rolePrefix?: string;
  readonly versions: { readonly nagaya: string; readonly server: string; readonly client: string; readonly pgvector: string | null };
  /** Where pgvector lived: archives name its types with their schema. */
  readonly extensionsSchema: string;
  /** The moment whose data it holds. */
  readonly dataOf: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly bytes: number;
  /** What makes the roles, without their passwords; in backups of every schema. */
  readonly roles: StoredFile | null;
  readonly archives: readonly SchemaArchive[];
  /** Null: the files are what pg_dump wrote. `keyId` tells the key without giving it away. */
  readonly encryption: { readonly cipher: 'aes-256-gcm'; readonly keyId: string } | null;
}

/** Plain SQL of a server is for psql; that of the embedded engine is in pieces that Nagaya runs. */
export function isRestorable({ engine, format }: Pick<BackupManifest, 'engine' | 'format'>): boolean {
  return engine === 'embedded' || format !== 'plain';
}

/** The manifest as it is written: a seal in it (SHA-256, with the key's HMAC where there is one) shows a change. */
export function writeManifest(manifest: BackupManifest, sealKey: Buffer | undefined): string {
  return `${JSON.stringify({ ...manifest, seal: sealOf(manifest, sealKey) }, null, 2)}\n`;
}

/** @throws AppError `validation_failed` for what is no manifest of ours, or of a newer release */
export function parseManifest(text: string, where: string): BackupManifest & { readonly seal: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('validation_failed', `${where} has a ${MANIFEST_FILE} that can't be read: it is damaged or cut off.`, { cause: error });
  }
  const manifest = value as BackupManifest & { readonly seal: string };
  if (typeof manifest !== 'object' || manifest === null || !Number.isInteger(manifest.manifestVersion) || !Array.isArray(manifest.archives) || typeof manifest.seal !== 'string') {
    throw new AppError('validation_failed', `${where} has a ${MANIFEST_FILE} that is not one of Nagaya's.`);
  }
  if (manifest.manifestVersion > MANIFEST_VERSION) {
    throw new AppError('conflict', `${where} was made by a newer Nagaya (${manifest.versions.nagaya}). Restore it with that release.`);
  }
  return manifest;
}

/**
 * The manifest of the backup that lies under a name. Its own name leads to its files, and to what is deleted: a manifest that
 * says another one would lead elsewhere.
 * @throws AppError
 */
export function manifestOf(name: string, text: string): BackupManifest & { readonly seal: string } {
  const manifest = parseManifest(text, name);
  if (manifest.name === name) return manifest;
  throw new AppError('validation_failed', `What lies under ${name} is the backup ${JSON.stringify(manifest.name)}: it was renamed, or its ${MANIFEST_FILE} changed. Give it its name back.`);
}

/** @throws AppError `validation_failed` where it is not what was written, or was sealed with another key */
export function checkSeal({ seal, ...manifest }: BackupManifest & { readonly seal: string }, sealKey: Buffer | undefined): void {
  const expected = Buffer.from(sealOf(manifest, sealKey));
  const found = Buffer.from(seal);
  if (expected.length === found.length && timingSafeEqual(expected, found)) return;
  throw new AppError('validation_failed', `The manifest of the backup ${manifest.name} was changed or damaged after it was written. Nothing was restored; use another backup.`);
}

function sealOf(manifest: BackupManifest, key: Buffer | undefined): string {
  const text = JSON.stringify(manifest);
  return key === undefined ? createHash('sha256').update(text).digest('hex') : createHmac('sha256', key).update(text).digest('hex');
}

export const manifestVersion = MANIFEST_VERSION;
