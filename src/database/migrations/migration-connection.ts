import pg from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import { quoteIdent } from '../quote-ident.js';
import { migratorOptions, SILENT, type MigrationHome } from './migration-source.js';

/** A migrator's connection that works through one schema after the other; opened anew where it broke. */
export class MigrationConnection {
  private client: pg.Client | undefined;

  /**
   * @param reusable false on the embedded engine, whose session forgets between transactions what was SET: there each
   *   schema gets a connection of its own, with its settings as start-up options
   */
  constructor(
    private readonly adminUrl: string,
    private readonly home: MigrationHome,
    private readonly reusable: boolean,
  ) {}

  /**
   * TypeORM's query runner, at home in one schema. A login costs more than many a migration, so the connection stays
   * when the schema is done, cleared of whatever its migrations set; after a failure nobody knows what they left.
   */
  async inSchema<T>(schema: string, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const used = this.client;
    const client = used ?? (await this.open(schema));
    let isSound = false;
    try {
      if (used !== undefined) await client.query(`RESET ROLE; RESET ALL; DISCARD TEMP; SET search_path TO ${quoteIdent(schema)}, ${quoteIdent(this.home.extensionsSchema)}`);
      const source = await lendingSource(client, schema).initialize();
      const runner = source.createQueryRunner();
      const result = await work(runner);
      await runner.release();
      isSound = this.reusable;
      return result;
    } finally {
      if (!isSound) await this.close();
    }
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => {});
  }

  private async open(schema: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.adminUrl,
      application_name: 'nagaya-migrate',
      connectionTimeoutMillis: 10_000,
      options: migratorOptions(schema, this.home),
    });
    // One that breaks while nothing waits on it is replaced for the next schema; the process must not die of it.
    const forget = (): void => {
      if (this.client === client) this.client = undefined;
    };
    client.on('error', forget).on('end', forget);
    await client.connect();
    this.client = client;
    return client;
  }
}

/** TypeORM makes a pool of its own; this one hands out the connection that is there, and neither opens nor ends any. */
function lendingSource(client: pg.Client, schema: string): DataSource {
  class Lending {
    on(): void {}
    connect(done: (error: undefined, lent: pg.Client, release: () => void) => void): void {
      done(undefined, client, () => {});
    }
    end(done: () => void): void {
      done();
    }
  }
  return new DataSource({
    type: 'postgres',
    schema,
    entities: [],
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    synchronize: false,
    logger: SILENT,
    driver: { ...pg, Pool: Lending },
  });
}
