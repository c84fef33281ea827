import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { readSlice, type Place, type Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { invalid, notFound } from '../../errors/app-error.js';
import { AlertRules } from '../rules/alert-rules.js';
import { Silence } from './silence.entity.js';

export interface NewSilence {
  readonly productId?: string | null;
  readonly ruleId?: string | null;
  readonly reason?: string;
  readonly createdBy: string;
  /** Absent: now, by the database's clock. */
  readonly startsAt?: Date;
  readonly endsAt: Date;
}

const COLUMNS = `id, product_id AS "productId", rule_id AS "ruleId", reason, created_by AS "createdBy",
  starts_at AS "startsAt", ends_at AS "endsAt", created_at AS "createdAt"`;

/** Times in which alerts are kept but not told. */
@Injectable()
export class SilencesService {
  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
  ) {}

  /** @throws AppError `validation_failed` for an end that is over, or a product or rule that there is not */
  async create(silence: NewSilence): Promise<Silence> {
    await this.check(silence);
    const [row] = await this.databases.control.query<Silence>(
      `INSERT INTO monitoring.silences (id, product_id, rule_id, reason, created_by, starts_at, ends_at)
       SELECT $1, $2, $3, $4, $5, coalesce($6, clock_timestamp()), $7
        WHERE $7 > greatest(coalesce($6, clock_timestamp()), clock_timestamp())
       RETURNING ${COLUMNS}`,
      [newId(), silence.productId ?? null, silence.ruleId ?? null, silence.reason ?? '', silence.createdBy.slice(0, 120), silence.startsAt ?? null, silence.endsAt],
    );
    if (row === undefined) throw invalid('/endsAt', 'must be later than now, and than startsAt');
    return row;
  }

  async list(which: 'active' | 'all', limit: number, after: Place | undefined): Promise<Slice<Silence>> {
    return readSlice(await this.databases.control.manager(), {
      entity: Silence,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (which === 'active') query.andWhere('row.endsAt > clock_timestamp()');
      },
    });
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<Silence> {
    const [row] = await this.databases.control.query<Silence>(`SELECT ${COLUMNS} FROM monitoring.silences WHERE id = $1`, [id]);
    if (row === undefined) throw notFound();
    return row;
  }

  /** Takes it away; what fires meanwhile is told at the next look. @throws AppError `not_found` */
  async remove(id: string): Promise<void> {
    const rows = await this.databases.control.query('DELETE FROM monitoring.silences WHERE id = $1 RETURNING id', [id]);
    if (rows.length === 0) throw notFound();
  }

  private async check({ productId, ruleId }: NewSilence): Promise<void> {
    if (ruleId !== undefined && ruleId !== null && this.rules.get(ruleId) === undefined) {
      throw invalid('/ruleId', `must be one of ${this.rules.all().map((rule) => rule.id).join(', ')}`);
    }
    if (productId === undefined || productId === null) return;
    const known = await this.databases.control.query(`SELECT FROM core.products WHERE id = $1 UNION ALL SELECT WHERE $1 IN ('core', 'monitoring')`, [productId]);
    if (known.length === 0) throw invalid('/productId', 'must be a product that there is, or core or monitoring');
  }
}
