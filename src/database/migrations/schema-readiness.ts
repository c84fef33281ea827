import type { Databases } from '../databases.js';
import type { SchemaManifest } from '../manifest.js';
import type { House } from '../migrator.js';
import { readMigrationState, type MigrationState } from './migration-state.js';

/** A schema that is ready seldom stops being so; one that is not should be noticed soon after it is migrated. */
const READY_FRESH_MS = 15_000;
const UNREADY_FRESH_MS = 1_000;

interface Entry {
  readonly state: Promise<MigrationState>;
  until: number;
  /** What the promise has come to. */
  isReady?: boolean;
}

/** Whether this release may serve each schema, read from the schema's history through the role that serves it. */
export class SchemaReadiness {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly databases: Databases,
    private readonly house: House,
  ) {}

  /** @throws what the database answers where it can't be asked */
  of(manifest: SchemaManifest): Promise<MigrationState> {
    const now = performance.now();
    const known = this.entries.get(manifest.id);
    if (known !== undefined && known.until > now) return known.state;
    const database = manifest.kind === 'shared' ? this.databases.control : this.databases.product(manifest.id);
    const entry: Entry = { state: readMigrationState(database, manifest), until: now + UNREADY_FRESH_MS };
    this.entries.set(manifest.id, entry);
    entry.state.then(
      (state) => {
        entry.isReady = state.ready;
        if (state.ready) entry.until = now + READY_FRESH_MS;
      },
      () => this.entries.delete(manifest.id),
    );
    return entry.state;
  }

  /** At once where it is known. */
  isProductReady(id: string): boolean | Promise<boolean> {
    const known = this.entries.get(id);
    return known?.isReady !== undefined && known.until > performance.now() ? known.isReady : this.askWhetherReady(id);
  }

  private async askWhetherReady(id: string): Promise<boolean> {
    const manifest = this.house.products.find((product) => product.id === id);
    return manifest !== undefined && (await this.of(manifest)).ready;
  }
}
