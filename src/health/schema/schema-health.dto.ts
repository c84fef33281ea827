import { TimeRangeQuery } from '../../http/paging.js';
import { Shown } from '../../http/shown.js';
import { HEALTH_STATUSES, type HealthStatus } from '../../monitoring/schema-health/schema-health.entity.js';

export class DuplicateIndex {
  @Shown({ as: 'text', description: 'The one too many.', example: 'teas_name_idx1' })
  name!: string;

  @Shown({ as: 'text', description: 'The one that does the same.', example: 'teas_name_idx' })
  of!: string;
}

export class HnswIndexHealth {
  @Shown({ as: 'text', description: 'Its name.', example: 'conversation_context_vector_embedding_idx' })
  name!: string;

  @Shown({ as: 'number', description: 'Bytes, as of its creation or the last VACUUM.', example: 8_192_000 })
  sizeBytes!: number;

  @Shown({ as: ['ready', 'building', 'invalid'], description: 'Whether searches can use it.', example: 'ready' })
  state!: 'ready' | 'building' | 'invalid';

  @Shown({ as: 'number', nullable: true, description: 'How far it is built, percent; null where it is ready or nobody may say.', example: null })
  progressPercent!: number | null;
}

export class IndexHealth {
  @Shown({ as: 'text', list: true, description: 'Left behind by a build that failed.', example: [] })
  invalid!: readonly string[];

  @Shown({ as: 'text', list: true, description: 'A megabyte or more and never read since the statistics began.', example: [] })
  unused!: readonly string[];

  @Shown({ as: () => DuplicateIndex, list: true, description: 'Those that do what another one does.' })
  duplicate!: readonly DuplicateIndex[];

  @Shown({ as: () => HnswIndexHealth, list: true, description: 'Those that a search by meaning stands on.' })
  hnsw!: readonly HnswIndexHealth[];
}

/** How one schema was when it was last looked at. */
export class SchemaHealthReport {
  @Shown({ as: 'text', description: 'The product; for operators also core and monitoring.', example: 'coding_rule2' })
  productId!: string;

  @Shown({ as: 'instant', description: 'When it was looked at.', example: '2026-11-24T09:00:00.000Z' })
  checkedAt!: Date;

  @Shown({ as: 'number', description: 'How long the look took that it was part of, milliseconds.', example: 12.5 })
  durationMs!: number;

  @Shown({ as: HEALTH_STATUSES, description: 'The worst that a rule has found; unknown where there is no figure.', example: 'ok' })
  status!: HealthStatus;

  @Shown({ as: 'integer', description: 'Tables, without partitions and the migration history.', example: 7 })
  tableCount!: number;

  @Shown({ as: 'integer', nullable: true, description: 'Rows in them; null where nothing is known yet.', example: 1234 })
  recordCount!: number | null;

  @Shown({ as: 'boolean', description: 'Whether they were counted, or estimated from the statistics.', example: true })
  recordCountExact!: boolean;

  @Shown({ as: 'instant', nullable: true, description: 'The last check that saw rows written; null while none has.', example: '2026-11-24T08:55:00.000Z' })
  lastActivity!: Date | null;

  @Shown({ as: 'integer', nullable: true, description: 'All of it on disk, indexes too.', example: 851_968 })
  schemaSizeBytes!: number | null;

  @Shown({ as: 'boolean', description: 'Whether it was measured, or taken from the catalogue.', example: true })
  schemaSizeExact!: boolean;

  @Shown({ as: 'integer', description: "Connections of the product's login, from all processes.", example: 2 })
  connectionsInUse!: number;

  @Shown({ as: 'integer', description: 'The most that it may have.', example: 60 })
  connectionLimit!: number;

  @Shown({ as: 'number', nullable: true, description: "Share of blocks found in PostgreSQL's own cache, 0 to 1.", example: 0.998 })
  cacheHitRatio!: number | null;

  @Shown({ as: 'integer', description: 'Rows that VACUUM has yet to take away.', example: 12 })
  deadRows!: number;

  @Shown({ as: 'integer', nullable: true, description: 'Migrations that this release has and the schema lacks; null where it could not be read.', example: 0 })
  migrationsPending!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'The longest transaction of its login that was open; null where none was, or it was not looked at.', example: null })
  longestTransactionSeconds!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'Growth against a day before; null in the first hour.', example: 40_960 })
  growthBytesPerDay!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'The same for the rows.', example: 210 })
  growthRecordsPerDay!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'Until it reaches the size that it is warned at, at that pace; null where it does not grow.', example: 223.4 })
  daysUntilLimit!: number | null;

  @Shown({ as: () => IndexHealth, description: 'What is worth saying of the indexes.' })
  indexes!: IndexHealth;
}

export class HealthHistoryQuery extends TimeRangeQuery {}
