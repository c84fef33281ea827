import { Shown } from '../../http/shown.js';
import { Product } from './product.entity.js';

const HEALTH_STATUSES = ['ok', 'warning', 'critical', 'unknown'] as const;

export class ProductMigrations {
  @Shown({ as: 'text', nullable: true, description: 'The newest migration of its schema.', example: 'CreateCodingRule21795478400000' })
  current!: string | null;

  @Shown({ as: 'integer', description: 'How many have been applied.', example: 1 })
  applied!: number;

  @Shown({ as: 'text', list: true, description: 'What this release has and the schema lacks.', example: [] })
  pending!: readonly string[];

  @Shown({ as: 'text', list: true, description: 'What the schema has and this release does not know.', example: [] })
  ahead!: readonly string[];

  @Shown({ as: 'boolean', description: 'Whether this release serves the schema as it is.', example: true })
  ready!: boolean;
}

/** The newest check of its schema in short; the whole is at `…/health`. */
export class ProductHealth {
  @Shown({ as: HEALTH_STATUSES, description: 'The worst that a rule has found.', example: 'ok' })
  status!: string;

  @Shown({ as: 'integer', description: 'Its tables.', example: 7 })
  tableCount!: number;

  @Shown({ as: 'integer', nullable: true, description: 'Rows in them.', example: 1234 })
  recordCount!: number | null;

  @Shown({ as: 'boolean', description: 'Whether they were counted, or estimated.', example: true })
  recordCountExact!: boolean;

  @Shown({ as: 'integer', nullable: true, description: 'All of it on disk.', example: 851_968 })
  schemaSizeBytes!: number | null;

  @Shown({ as: 'instant', nullable: true, description: 'The last check that saw rows written.', example: '2026-11-24T08:55:00.000Z' })
  lastActivity!: Date | null;

  @Shown({ as: 'instant', description: 'When it was looked at.', example: '2026-11-24T09:00:00.000Z' })
  checkedAt!: Date;
}

/** An alert of the product that is pending or firing, in short; the whole is at `/v1/alerts/{id}`. */
export class ProductAlert {
  @Shown({ as: 'uuid', description: 'The alert.' })
  id!: string;

  @Shown({ as: 'text', description: 'The rule.', example: 'record-count-low' })
  ruleId!: string;

  @Shown({ as: ['warning', 'critical'], description: 'How bad it is.', example: 'warning' })
  severity!: string;

  @Shown({ as: ['pending', 'firing'], description: 'Firing once it has held long enough.', example: 'firing' })
  state!: string;

  @Shown({ as: 'text', description: 'What is, and what was expected.', example: '12 records, fewer than 100.' })
  message!: string;

  @Shown({ as: 'instant', description: 'Since when it holds.', example: '2026-11-24T09:00:00.000Z' })
  startedAt!: Date;
}

export class ProductState extends Product {
  @Shown({ as: () => ProductHealth, nullable: true, description: 'The newest check of its schema; null before the first.' })
  health!: ProductHealth | null;

  @Shown({ as: () => ProductAlert, list: true, description: 'Its alerts that are open.' })
  alerts!: readonly ProductAlert[];

  @Shown({ as: 'boolean', description: 'Whether this process serves it (ACTIVE_PRODUCTS).', example: true })
  served!: boolean;

  @Shown({ as: ['embedded', 'server'], description: 'What the database is.', example: 'server' })
  engine!: 'embedded' | 'server';

  @Shown({
    as: () => ProductMigrations,
    nullable: true,
    description: "The state of its migrations; null where its login can't be used now, or where this process does not serve it.",
  })
  migrations!: ProductMigrations | null;
}
