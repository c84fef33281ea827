import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { withoutArchived } from '../database/archived-schemas.js';
import type { Cluster } from '../database/cluster.js';
import { CLUSTER, HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import { inspectDrift } from '../database/drift/inspect-drift.js';
import type { ProductManifest } from '../database/manifest.js';
import { appliedMigrations } from '../database/migrations/migration-state.js';
import { findExtensionsSchema, type House } from '../database/migrator.js';
import { jobOfServed } from '../jobs/job-of-served.js';
import { JobRunner } from '../jobs/job-runner.js';
import { DriftRecord } from './drift-record.js';

/** The catalogue changes when somebody changes it: a quarter of an hour is soon enough to be told. */
export const DRIFT_EVERY_S = 15 * 60;

/** Holds every schema against its migrations now and then. Reads the catalogue with the serving login and each history with its product's own. */
@Injectable()
export class DriftJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly databases: Databases,
    private readonly record: DriftRecord,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    this.runner.add({ name: jobOfServed('drift', this.house.products.map(({ id }) => id), this.databases), everySeconds: DRIFT_EVERY_S, leaseSeconds: 300, run: (signal) => this.look(signal) });
  }

  /** A look at every schema of products in service; what this process does not serve is left to those that do. */
  async look(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { control } = this.databases;
    const { products } = await withoutArchived(control, this.house);
    const served = products.filter(({ id }) => this.databases.serves(id));
    const manifests = [...this.house.shared, ...served];
    const histories = await this.histories(served, signal);
    const plan = {
      shared: this.house.shared,
      products,
      roles: this.cluster.roles,
      extensionsSchema: await findExtensionsSchema(control),
      // Of roles and of the database the rules for tables look at nothing.
      database: '',
      roleSecret: this.cluster.roleSecret,
      previousSecret: this.cluster.previousSecret,
      roleConnectionLimit: 0,
    };
    for (const report of await inspectDrift(control, plan, manifests, histories)) {
      if (signal.aborted) return;
      await this.record.save(report);
    }
    await this.record.keepOnly([...this.house.shared, ...products].map(({ id }) => id));
  }

  /** One product whose login does not work leaves a gap, not a failure of the look. */
  private async histories(served: readonly ProductManifest[], signal: AbortSignal): Promise<Map<string, string[]>> {
    const histories = new Map<string, string[]>();
    for (const { id } of this.house.shared) histories.set(id, await appliedMigrations(this.databases.control, id));
    for (const { id } of served) {
      if (signal.aborted) break;
      const applied = await appliedMigrations(this.databases.product(id), id).catch(() => undefined);
      if (applied !== undefined) histories.set(id, applied);
    }
    return histories;
  }
}

