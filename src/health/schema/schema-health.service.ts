import { Inject, Injectable, Logger } from '@nestjs/common';
import { RuleBook, type OpenRuleBook } from '../../alerts/rules/rule-book.js';
import type { Cluster } from '../../database/cluster.js';
import { CLUSTER, HOUSE } from '../../database/database.module.js';
import { Databases } from '../../database/databases.js';
import type { SchemaManifest } from '../../database/manifest.js';
import type { House } from '../../database/migrator.js';
import { SchemaReadiness } from '../../database/migrations/schema-readiness.js';
import type { RoleDatabase } from '../../database/role-database.js';
import { lastActivityOf } from './activity.js';
import { readConnections, type ConnectionsFigure } from './catalogue/connections.js';
import { measure, type ExactFigure } from './catalogue/exact.js';
import { NO_INDEXES, readIndexes, type IndexesFigure } from './catalogue/indexes.js';
import { readTables, type TablesFigure } from './catalogue/tables.js';
import { growthOf } from './growth.js';
import { HealthStore, type Base, type LookAfter, type LookBefore } from './health-store.js';
import { statusOf } from './rules/figure-rule.js';
import { FIGURE_RULES, SCHEMA_SIZE_HIGH } from './rules/figure-rules.js';
import type { SchemaFigures } from './schema-figures.js';

/** So many schemas are counted and measured exactly at one sweep; of a thousand, each has its turn about every four hours. */
const EXACT_AT_ONCE = 20;

interface Exact extends ExactFigure {
  readonly migrationsPending: number | null;
}

/** What one sweep knows of all schemas before it looks closer at some. */
interface Sweep {
  readonly now: Date;
  readonly started: number;
  readonly tables: ReadonlyMap<string, TablesFigure>;
  readonly indexes: ReadonlyMap<string, IndexesFigure>;
  readonly connections: ReadonlyMap<string, ConnectionsFigure>;
  readonly before: ReadonlyMap<string, LookBefore>;
  readonly bases: ReadonlyMap<string, Base>;
  readonly book: OpenRuleBook;
}

/** Looks at every schema: cheaply at all of them, exactly at a few in turn, and keeps what it has seen. */
@Injectable()
export class SchemaHealth {
  private readonly logger = new Logger(SchemaHealth.name);

  constructor(
    private readonly databases: Databases,
    private readonly readiness: SchemaReadiness,
    private readonly store: HealthStore,
    private readonly book: RuleBook,
    @Inject(HOUSE) private readonly house: House,
    @Inject(CLUSTER) private readonly cluster: Cluster,
  ) {}

  /**
   * One sweep. Never holds one connection while it waits for another, and never waits for a lock.
   * @param signal aborts between two schemas; what was seen so far is kept
   * @returns what was seen, core and monitoring first
   */
  async sweep(signal: AbortSignal = new AbortController().signal): Promise<SchemaFigures[]> {
    const manifests = [...this.house.shared, ...this.house.products];
    const sweep = await this.lookAtAll(manifests.map((manifest) => manifest.id));
    const exact = await this.lookCloser(manifests, sweep, signal);
    const looks = manifests.flatMap((manifest) => this.look(manifest, sweep, exact.get(manifest.id)) ?? []);
    await this.store.keep(looks);
    return looks.map((look) => look.figures);
  }

  private async lookAtAll(ids: readonly string[]): Promise<Sweep> {
    const { control } = this.databases;
    const started = performance.now();
    const [clock] = await control.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    return {
      now: clock?.now ?? new Date(),
      started,
      tables: await readTables(control, ids),
      indexes: await readIndexes(control, ids),
      connections: await readConnections(control, [this.cluster.roles.control, ...ids.map((id) => this.cluster.roles.of(id))]),
      before: await this.store.looksBefore(),
      bases: await this.store.basesFor(ids),
      book: await this.book.open(),
    };
  }

  private async lookCloser(manifests: readonly SchemaManifest[], sweep: Sweep, signal: AbortSignal): Promise<ReadonlyMap<string, Exact>> {
    const figures = new Map<string, Exact>();
    const reachable = manifests.filter(({ kind, id }) => sweep.tables.has(id) && (kind === 'shared' || this.databases.serves(id)));
    for (const manifest of inTurn(reachable, sweep).slice(0, EXACT_AT_ONCE)) {
      if (signal.aborted) break;
      try {
        figures.set(manifest.id, await this.lookExactly(manifest, sweep.tables.get(manifest.id)?.estimatedRows ?? 0));
      } catch (error) {
        // Its login may be out of order; what the catalogue says of it is kept all the same.
        this.logger.warn(`The schema ${manifest.id} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return figures;
  }

  private async lookExactly(manifest: SchemaManifest, estimatedRows: number): Promise<Exact> {
    const { pending } = await this.readiness.of(manifest);
    const database: RoleDatabase = manifest.kind === 'shared' ? this.databases.control : this.databases.product(manifest.id);
    const figure = await measure(database, manifest.id, estimatedRows, { enforcesTimeouts: this.cluster.engine === 'server' });
    return { ...figure, migrationsPending: pending.length };
  }

  private look(manifest: SchemaManifest, sweep: Sweep, exact: Exact | undefined): LookAfter | undefined {
    const tables = sweep.tables.get(manifest.id);
    if (tables === undefined) return undefined;
    const before = sweep.before.get(manifest.id);
    const connections = sweep.connections.get(manifest.kind === 'shared' ? this.cluster.roles.control : this.cluster.roles.of(manifest.id));
    const figures: SchemaFigures = {
      productId: manifest.id,
      checkedAt: sweep.now,
      durationMs: performance.now() - sweep.started,
      status: 'unknown',
      tableCount: tables.tableCount,
      recordCount: exact?.records ?? (tables.unknownTables === 0 ? Math.round(tables.estimatedRows) : (before?.exactRecords ?? null)),
      recordCountExact: typeof exact?.records === 'number',
      lastActivity: lastActivityOf(before, { writes: tables.writes, exactRecords: exact?.records ?? null }, sweep.now),
      // The catalogue's sizes are those of the last VACUUM; what was measured since is nearer.
      schemaSizeBytes: exact?.sizeBytes ?? Math.max(tables.sizeBytes, before?.exactBytes ?? 0),
      schemaSizeExact: typeof exact?.sizeBytes === 'number',
      connectionsInUse: connections?.inUse ?? 0,
      connectionLimit: connections?.limit ?? 0,
      cacheHitRatio: tables.blocksFetched > 0 ? tables.blocksHit / tables.blocksFetched : null,
      deadRows: tables.deadRows,
      migrationsPending: exact?.migrationsPending ?? before?.migrationsPending ?? null,
      longestTransactionSeconds: exact?.longestTransactionSeconds ?? null,
      growthBytesPerDay: null,
      growthRecordsPerDay: null,
      daysUntilLimit: null,
      indexes: withoutSchema(sweep.indexes.get(manifest.id)),
    };
    return { figures: this.judge(manifest, figures, sweep), counters: tables.writes, exact };
  }

  private judge(manifest: SchemaManifest, figures: SchemaFigures, { bases, book }: Sweep): SchemaFigures {
    const isProduct = manifest.kind === 'product';
    const limit = isProduct ? book.settingsOf(SCHEMA_SIZE_HIGH, manifest.id).threshold : null;
    const grown = { ...figures, ...growthOf(figures, bases.get(manifest.id), limit) };
    return { ...grown, status: statusOf(grown, FIGURE_RULES, isProduct, (rule) => book.settingsOf(rule, manifest.id)) };
  }
}

/** Who was never measured first, then who was longest ago. */
function inTurn(manifests: readonly SchemaManifest[], { before }: Sweep): SchemaManifest[] {
  const measuredAt = ({ id }: SchemaManifest): number => before.get(id)?.exactAt?.getTime() ?? 0;
  return [...manifests].sort((a, b) => measuredAt(a) - measuredAt(b));
}

function withoutSchema(indexes: IndexesFigure | undefined): Omit<IndexesFigure, 'schema'> {
  if (indexes === undefined) return NO_INDEXES;
  const { schema: _, ...figures } = indexes;
  return figures;
}
