import { Injectable } from '@nestjs/common';
import { AppError, invalid, notFound } from '../../errors/app-error.js';
import { Databases } from '../../database/databases.js';
import { readSlice, type Place, type Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { AiSystem } from './ai-system.entity.js';

type Changes = Partial<Pick<AiSystem, 'systemType' | 'version' | 'config' | 'productId'>>;

/** The registry of AI systems. */
@Injectable()
export class AiSystemsService {
  constructor(private readonly databases: Databases) {}

  /** @throws AppError `conflict` where the kind and version are registered already, or `validation_failed` for an unknown product */
  async register(system: Pick<AiSystem, 'systemType' | 'version' | 'config'> & { productId?: string | null }): Promise<AiSystem> {
    await this.requireProduct(system.productId);
    const [row] = await this.databases.control.query<AiSystem>(
      `INSERT INTO core.ai_systems (id, system_type, version, config, product_id)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (system_type, version) DO NOTHING
       RETURNING ${COLUMNS}`,
      [newId(), system.systemType, system.version, system.config, system.productId ?? null],
    );
    if (row === undefined) throw alreadyThere();
    return row;
  }

  async list(filter: { systemType?: string; productId?: string }, limit: number, after: Place | undefined): Promise<Slice<AiSystem>> {
    return readSlice(await this.databases.control.manager(), {
      entity: AiSystem,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.systemType !== undefined) query.andWhere('row.systemType = :systemType', { systemType: filter.systemType });
        if (filter.productId !== undefined) query.andWhere('row.productId = :productId', { productId: filter.productId });
      },
    });
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<AiSystem> {
    const [row] = await this.databases.control.query<AiSystem>(`SELECT ${COLUMNS} FROM core.ai_systems WHERE id = $1`, [id]);
    return row ?? absent();
  }

  /** @throws AppError `not_found`, `conflict`, or `validation_failed` where nothing is to be changed or the product is unknown */
  async change(id: string, changes: Changes): Promise<AiSystem> {
    if (Object.values(changes).every((value) => value === undefined)) throw invalid('', 'must name at least one field to change');
    await this.requireProduct(changes.productId);
    const [row] = await this.databases.control.query<AiSystem>(
      `UPDATE core.ai_systems
          SET system_type = coalesce($2, system_type), version = coalesce($3, version), config = coalesce($4, config),
              product_id = CASE WHEN $5 THEN $6 ELSE product_id END
        WHERE id = $1
       RETURNING ${COLUMNS}`,
      [id, changes.systemType, changes.version, changes.config, changes.productId !== undefined, changes.productId ?? null],
    );
    return row ?? absent();
  }

  /** @throws AppError `not_found` */
  async remove(id: string): Promise<void> {
    const rows = await this.databases.control.query('DELETE FROM core.ai_systems WHERE id = $1 RETURNING id', [id]);
    if (rows.length === 0) absent();
  }

  /** A mistyped product would keep the system out of every list that asks by product. */
  private async requireProduct(id: string | null | undefined): Promise<void> {
    if (id === undefined || id === null) return;
    const rows = await this.databases.control.query('SELECT FROM core.products WHERE id = $1', [id]);
    if (rows.length === 0) throw invalid('/productId', 'must be the id of a product of this deployment');
  }
}

const COLUMNS = `id, system_type AS "systemType", version, config, product_id AS "productId", created_at AS "createdAt"`;

function absent(): never {
  throw notFound();
}

function alreadyThere(): AppError {
  return new AppError('conflict', 'This kind and version of AI system is registered already. Change the one that is there, or choose another version.');
}
