import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { Queryable } from '../../database/admin-connection.js';
import type { Cluster } from '../../database/cluster.js';
import { CLUSTER, HOUSE } from '../../database/database.module.js';
import type { House } from '../../database/migrator.js';
import { isWrongPassword, logIn } from '../../database/login.js';
import { readMigrationState, type MigrationState } from '../../database/migrations/migration-state.js';
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
  private readonly logger = new Logger(DatabaseProbe.name);
  private client: pg.Client | undefined;
  private asking: Promise<ProbeResult> | undefined;
  private holes: { found: readonly string[]; at: number } | undefined;
  private last: { result: ProbeResult; at: number } | undefined;
  /** What the log knows already: an answer that lasts is one line, however often it is asked for. */
  private told = '';
  /** Of the last failure. */
  private reason = '';

  constructor(
    @Inject(CLUSTER) private readonly cluster: Cluster,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  ask(): Promise<ProbeResult> {
    if (this.last !== undefined && performance.now() - this.last.at < FRESH_MS) return Promise.resolve(this.last.result);
    this.asking ??= this.askWithinTime().then((result) => {
      this.tell(result);
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
    } catch (error) {
      this.cutOff();
      return this.unreachable(error);
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
    const states: MigrationState[] = [];
    for (const manifest of this.house.shared) states.push(await readMigrationState(db, manifest));
    const holes = await this.lookForHoles(db);
    return {
      database: { up: true },
      migrations: migrationsOf(states),
      roles: holes.length === 0 ? { up: true } : { up: false, message: `Isolation is void: ${holes.join('; ')}. "nagaya doctor" says what exactly, "nagaya doctor --fix" mends it.` },
    };
  }

  /** The caller is told whether the server answers at all; what it says is for the log. */
  private unreachable(error: unknown): ProbeResult {
    this.reason = error instanceof Error ? error.message : String(error);
    const unknown = { up: false };
    return { database: { up: false, message: refusalOf(error) }, migrations: unknown, roles: unknown };
  }

  private tell({ database, migrations, roles }: ProbeResult): void {
    const missing = [database, migrations, roles].flatMap(({ message }) => message ?? []).join(' ');
    if (missing === this.told) return;
    this.told = missing;
    if (missing === '') this.logger.log('Ready.');
    else this.logger.warn(`Not ready: ${missing}${database.up ? '' : ` (${this.reason})`}`);
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

function refusalOf(error: unknown): string {
  if (isWrongPassword(error)) return 'The database refuses the login of this process. "nagaya migrate" makes it; if that has run, compare NAGAYA_ROLE_SECRET.';
  return error instanceof pg.DatabaseError ? 'The database answers, but lets this process do nothing; the log says why.' : 'The database does not answer.';
}

/** Behind, "migrate" helps; ahead by what this release can't serve, only the newer release does. */
function migrationsOf(states: readonly MigrationState[]): ProbeResult['migrations'] {
  const behind = states.filter(({ pending }) => pending.length > 0);
  const ahead = states.filter(({ ready, pending }) => !ready && pending.length === 0);
  const message = [
    ...(behind.length === 0 ? [] : [`${listed(behind)} behind this release. Run "nagaya migrate", or start with MIGRATE_ON_START=true.`]),
    ...(ahead.length === 0 ? [] : [`${listed(ahead)} ahead of this release by a migration that it can't serve. Start the newer release, or take it back with "nagaya rollback" there.`]),
  ].join(' ');
  return message === '' ? { up: true } : { up: false, message };
}

function listed(states: readonly MigrationState[]): string {
  return `The schema${states.length === 1 ? '' : 's'} ${states.map(({ schema }) => schema).join(' and ')} ${states.length === 1 ? 'is' : 'are'}`;
}
