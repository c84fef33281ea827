import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { readSlice, type Place, type Slice } from '../database/keyset.js';
import { newId } from '../database/new-id.js';
import { invalid, notFound } from '../errors/app-error.js';
import { hashApiKey, newApiKey, shownPrefix } from './api-key-format.js';
import { ApiKey, PERMISSIONS, type Permission } from './api-key.entity.js';
import type { Principal } from './principal.js';

export interface NewApiKey {
  name: string;
  /** Absent or null: an operator key. */
  productId?: string | null;
  permissions?: readonly Permission[];
  expiresAt?: Date | null;
}

/** The row of a new key and, this once, the key. */
export type CreatedApiKey = ApiKey & { key: string };

const COLUMNS = `id, name, product_id AS "productId", prefix, permissions, created_at AS "createdAt",
  expires_at AS "expiresAt", revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;

/** Makes, lists, revokes and looks up keys. */
@Injectable()
export class ApiKeysService {
  constructor(private readonly databases: Databases) {}

  /** @throws AppError `validation_failed` for an unknown product or a time that has passed */
  async create({ name, productId = null, permissions = PERMISSIONS, expiresAt = null }: NewApiKey): Promise<CreatedApiKey> {
    if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw invalid('/expiresAt', 'must lie in the future');
    if (permissions.length === 0) throw invalid('/permissions', 'must name at least one of read, write');
    const key = newApiKey(productId === null ? 'operator' : 'product');
    const [row] = await this.databases.control.query<ApiKey>(
      `INSERT INTO core.api_keys (id, name, product_id, prefix, key_hash, permissions, expires_at)
       SELECT $1, $2, $3::varchar, $4, $5, $6, $7
        WHERE $3::varchar IS NULL OR EXISTS (SELECT FROM core.products WHERE id = $3::varchar)
       RETURNING ${COLUMNS}`,
      [newId(), name, productId, shownPrefix(key), hashApiKey(key), [...new Set(permissions)], expiresAt],
    );
    if (row === undefined) throw invalid('/productId', 'must be the id of a product of this deployment');
    return { ...row, key };
  }

  async list(filter: { productId?: string }, limit: number, after: Place | undefined): Promise<Slice<ApiKey>> {
    return readSlice(await this.databases.control.manager(), {
      entity: ApiKey,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.productId !== undefined) query.andWhere('row.productId = :productId', { productId: filter.productId });
      },
    });
  }

  /**
   * A new key for what an old one opens, under the same name; the old one works on for the overlap, so that whoever holds it can change
   * over without a gap. In one statement: the old one never ends without its successor.
   * @throws AppError `not_found` where the key does not work any more
   */
  async rotate(id: string, overlapSeconds: number): Promise<CreatedApiKey> {
    const [old] = await this.databases.control.query<{ productId: string | null }>('SELECT product_id AS "productId" FROM core.api_keys WHERE id = $1', [id]);
    if (old === undefined) throw notFound();
    const key = newApiKey(old.productId === null ? 'operator' : 'product');
    const [row] = await this.databases.control.query<ApiKey>(
      `WITH old AS (
         SELECT id, name, product_id, permissions, expires_at FROM core.api_keys
          WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
            FOR UPDATE
       ), ending AS (
         UPDATE core.api_keys k SET expires_at = least(old.expires_at, clock_timestamp() + make_interval(secs => $2)) FROM old WHERE k.id = old.id
       )
       INSERT INTO core.api_keys (id, name, product_id, prefix, key_hash, permissions, expires_at)
       SELECT $3, name, product_id, $4, $5, permissions, expires_at FROM old
       RETURNING ${COLUMNS}`,
      [id, overlapSeconds, newId(), shownPrefix(key), hashApiKey(key)],
    );
    if (row === undefined) throw notFound();
    return { ...row, key };
  }

  /** Revoking a revoked key changes nothing. @throws AppError `not_found` */
  async revoke(id: string): Promise<void> {
    const rows = await this.databases.control.query(
      'UPDATE core.api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id',
      [id],
    );
    if (rows.length === 0) throw notFound();
  }

  /** The key's holder, or undefined where the key is unknown, revoked or expired (by the database's clock). */
  async find(keyHash: Buffer): Promise<(Principal & { expiresAt: Date | null }) | undefined> {
    const [row] = await this.databases.control.query<Principal & { expiresAt: Date | null }>(
      `SELECT id AS "keyId", name, product_id AS "productId", permissions, expires_at AS "expiresAt"
         FROM core.api_keys
        WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
      [keyHash],
    );
    return row;
  }

  /** Notes when keys were last used; later times win whatever the order in which replicas report. */
  async markUsed(uses: ReadonlyMap<string, Date>): Promise<void> {
    await this.databases.control.query(
      `UPDATE core.api_keys k SET last_used_at = u.used_at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, used_at)
        WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.used_at)`,
      [[...uses.keys()], [...uses.values()]],
    );
  }
}
