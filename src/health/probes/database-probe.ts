import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import type { Queryable } from '../../database/admin-connection.js';
import type { Cluster } from '../../database/cluster.js';
import { CLUSTER, HOUSE } from '../../database/database.module.js';
import type { House } from '../../database/migrator.js';
import { logIn } from '../../database/login.js';
import { readMigrationState } from '../../database/migrations/migration-state.js';
import { findIsolationHoles } from './isolation-holes.js';

/** A kubelet waits one second by default before it calls a probe failed; manifests set three. */
const TIMEOUT_MS = 2_000;
/** However many ask, the database is asked at most this often. */
const FRESH_MS = 500;

export interface ProbeResult {
  readonly database: { up: boolean; message?: string };
  readonly migrations: { up: boolean; message?: string };
  readonly roles: { up: boolean; message?: string };
}

/** The catalogue is looked through for holes at most this often: it is more than a glance where there are many products. */
const HOLES_FRESH_MS = 3_000;

/**
 * Whether the database can serve, asked on a connection of its own: full pools say nothing about the database, and a
 * hanging one must not fill them. One question is under way at a time; one that takes too long is cut off with its connection.
 */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private client: pg.Client | undefined;
  private asking: Promise<ProbeResult> | undefined;
  private holes: { found: readonly string[]; at: number } | undefined;
  private last: { result: ProbeResult; at: number } | undefined;

  constructor(
    @Inject(CLUSTER) private readonly cluster: Cluster,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  ask(): Promise<ProbeResult> {
    if (this.last !== undefined && performance.now() - this.last.at < FRESH_MS) return Promise.resolve(this.last.result);
    this.asking ??= this.askWithinTime().then((result) => {
      this.last = { result, at: performance.now() };
      this.asking = undefined;
      return result;
    });
    return this.asking;
  }

  async onApplicationShutdown(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => {});
  }

  private async askWithinTime(): Promise<ProbeResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)), TIMEOUT_MS);
    });
    try {
      return await Promise.race([this.look(), late]);
    } catch {
      this.cutOff();
      const unknown = { up: false };
      return { database: { up: false, message: 'The database does not answer.' }, migrations: unknown, roles: unknown };
    } finally {
      clearTimeout(timer);
    }
  }

  private async look(): Promise<ProbeResult> {
    const client = await this.connection();
    const db: Queryable = {
      query: async <Row extends object>(sql: string, values: readonly unknown[] = []) => (await client.query<Row>(sql, [...values])).rows,
    };
    await client.query('SELECT 1');
    const behind: string[] = [];
    for (const manifest of this.house.shared) {
      const state = await readMigrationState(db, manifest);
      if (!state.ready) behind.push(manifest.id);
    }
    const holes = await this.lookForHoles(db);
    return {
      database: { up: true },
      migrations:
        behind.length === 0 ? { up: true } : { up: false, message: `The schemas ${behind.join(', ')} are not those of this release. Run "nagaya migrate", or start with MIGRATE_ON_START=true.` },
      roles: holes.length === 0 ? { up: true } : { up: false, message: `Isolation is void: ${holes.join('; ')}. "nagaya doctor" says what exactly, "nagaya doctor --fix" mends it.` },
    };
  }

  private async lookForHoles(db: Queryable): Promise<readonly string[]> {
    if (this.holes === undefined || performance.now() - this.holes.at > HOLES_FRESH_MS) {
      this.holes = { found: await findIsolationHoles(db, this.house, this.cluster.roles), at: performance.now() };
    }
    return this.holes.found;
  }

  private async connection(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    const config = { application_name: 'nagaya:probe', connectionTimeoutMillis: TIMEOUT_MS };
    return logIn(this.cluster.urlsOf(this.cluster.roles.control), config, (client) => {
      client.on('error', () => this.forget(client));
      client.on('end', () => this.forget(client));
      // Already while it connects: a server that says nothing is cut off then.
      this.client = client;
    });
  }

  private forget(client: pg.Client): void {
    if (this.client === client) this.client = undefined;
  }

  /** A client that waits for a silent server can't be ended politely. */
  private cutOff(): void {
    const client: (pg.Client & { connection?: { stream: { destroy(): void } } }) | undefined = this.client;
    this.client = undefined;
    client?.connection?.stream.destroy();
  }
}
