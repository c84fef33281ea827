import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Databases } from '../../database/databases.js';
import { readSlice, type Place, type Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { AppError, notFound } from '../../errors/app-error.js';
import { TemplateConfig } from './template-config.entity.js';

const COLUMNS = `id, template_type AS "templateType", version, config_data AS "configData", is_active AS "isActive", created_at AS "createdAt"`;

/** The templates that all products share. */
@Injectable()
export class TemplateConfigsService {
  constructor(private readonly databases: Databases) {}

  /** @throws AppError `conflict` where the type has that version already */
  async create(template: Pick<TemplateConfig, 'templateType' | 'version' | 'configData' | 'isActive'>): Promise<TemplateConfig> {
    return this.databases.control.transaction(async (tx) => {
      if (template.isActive) await stepDown(tx, template.templateType);
      const [row] = await tx.query<TemplateConfig[]>(
        `INSERT INTO core.template_config (id, template_type, version, config_data, is_active)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (template_type, version) DO NOTHING
         RETURNING ${COLUMNS}`,
        [newId(), template.templateType, template.version, template.configData, template.isActive],
      );
      if (row !== undefined) return row;
      throw new AppError('conflict', 'This template has that version already. Activate the one that is there, or choose another version.');
    });
  }

  async list(filter: { templateType?: string }, limit: number, after: Place | undefined): Promise<Slice<TemplateConfig>> {
    return readSlice(await this.databases.control.manager(), {
      entity: TemplateConfig,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.templateType !== undefined) query.andWhere('row.templateType = :templateType', { templateType: filter.templateType });
      },
    });
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<TemplateConfig> {
    const [row] = await this.databases.control.query<TemplateConfig>(`SELECT ${COLUMNS} FROM core.template_config WHERE id = $1`, [id]);
    if (row === undefined) throw notFound();
    return row;
  }

  /** Makes this version the active one of its type. Activating the active one changes nothing. @throws AppError `not_found` */
  async activate(id: string): Promise<TemplateConfig> {
    return this.databases.control.transaction(async (tx) => {
      const [target] = await tx.query<{ templateType: string }[]>('SELECT template_type AS "templateType" FROM core.template_config WHERE id = $1', [id]);
      if (target === undefined) throw notFound();
      await stepDown(tx, target.templateType);
      const [rows] = await tx.query<[TemplateConfig[], number]>(`UPDATE core.template_config SET is_active = true WHERE id = $1 RETURNING ${COLUMNS}`, [id]);
      const [row] = rows;
      if (row === undefined) throw notFound();
      return row;
    });
  }

  /** What a product reads: through its own login, which sees the active ones. @throws AppError `not_found` */
  async active(productId: string, templateType: string): Promise<TemplateConfig> {
    const [row] = await this.databases
      .product(productId)
      .query<TemplateConfig>(`SELECT ${COLUMNS} FROM core.template_config WHERE template_type = $1 AND is_active`, [templateType]);
    if (row === undefined) throw notFound();
    return row;
  }
}

/**
 * The active version of a type steps down. Writers wait for each other here: two that find nothing active would
 * otherwise both try to become it, and one would fail. Readers, products among them, are not held up, and hold nobody up.
 */
async function stepDown(tx: EntityManager, templateType: string): Promise<void> {
  await tx.query('LOCK TABLE core.template_config IN SHARE ROW EXCLUSIVE MODE');
  await tx.query('UPDATE core.template_config SET is_active = false WHERE template_type = $1 AND is_active', [templateType]);
}
