import { Inject, Injectable, Logger } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { HOUSE } from '../database/database.module.js';
import type { House } from '../database/migrator.js';
import { newId } from '../database/new-id.js';
import { quoteIdent } from '../database/quote-ident.js';
import { keepSentinelRow } from './sentinel-row.js';
import { readableElsewhere } from './readable-elsewhere.js';

/** One product that could read what is another's. */
export interface Breach {
  readonly reader: string;
  readonly owner: string;
  /** A relation, for operators. */
  readonly what: string;
}

export interface CanaryResult {
  readonly attempts: number;
  readonly breaches: readonly Breach[];
  /** Attempts that failed otherwise than by a refusal: they prove nothing. */
  readonly unknown: number;
}

const REFUSED = '42501';
/** Neighbours that each product tries in one run: with more products than that, they are drawn anew each time. */
const NEIGHBOURS = 20;
/** Every schema has this table from its first migration on, with a row for each, and no product may take them out: the sentinel in its schema. */
const SENTINEL_TABLE = 'migrations';
const EVENT_TYPE = 'isolation_breached';

/**
 * Tries, as each product's role and through the very pools that serve requests, to read what its neighbours have: the sentinel in
 * their schemas, and their rows in the shared tables, where each has a sentinel too. What PostgreSQL would let it read anywhere else is
 * asked of PostgreSQL itself. Each attempt takes a connection and gives it back before the next.
 */
@Injectable()
export class Canary {
  private readonly logger = new Logger(Canary.name);

  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  async run(signal: AbortSignal): Promise<CanaryResult> {
    const result = { attempts: 0, breaches: [] as Breach[], unknown: 0 };
    const all = this.house.products.map((product) => product.id);
    const served = all.filter((id) => this.databases.serves(id));
    for (const id of served) {
      if (signal.aborted) return result;
      if (!(await this.succeeds(() => keepSentinelRow(this.databases.product(id), id)))) result.unknown++;
    }
    for (const reader of served) {
      result.attempts++;
      if (!(await this.succeeds(async () => void result.breaches.push(...(await this.openTo(reader)))))) result.unknown++;
      for (const owner of drawn(all.filter((id) => id !== reader), NEIGHBOURS)) {
        if (signal.aborted) return result;
        for (const { what, sql, values } of this.attemptsOn(owner)) {
          result.attempts++;
          const outcome = await this.attempt(reader, sql, values);
          if (outcome === 'unknown') result.unknown++;
          if (outcome === 'read' && !result.breaches.some((known) => known.reader === reader && known.what === what && known.owner === owner)) result.breaches.push({ reader, owner, what });
        }
      }
    }
    await this.tell(result.breaches);
    return result;
  }

  private async openTo(reader: string): Promise<Breach[]> {
    const found = await readableElsewhere(this.databases.product(reader), reader, this.house);
    return found.map(({ schema, name }) => ({ reader, owner: schema, what: `${quoteIdent(schema)}.${quoteIdent(name)}` }));
  }

  private async succeeds(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.logger.warn(`The canary could not look: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  private attemptsOn(owner: string): { what: string; sql: string; values: string[] }[] {
    const sentinel = `${quoteIdent(owner)}.${quoteIdent(SENTINEL_TABLE)}`;
    const shared = this.house.shared.flatMap(({ id, tables }) => tables.filter((table) => table.rows === 'own').map((table) => `${quoteIdent(id)}.${quoteIdent(table.name)}`));
    return [
      { what: sentinel, sql: `SELECT 1 FROM ${sentinel} LIMIT 1`, values: [] },
      ...shared.map((table) => ({ what: table, sql: `SELECT 1 FROM ${table} WHERE product_id = $1 LIMIT 1`, values: [owner] })),
    ];
  }

  private async attempt(reader: string, sql: string, values: readonly string[]): Promise<'refused' | 'read' | 'unknown'> {
    try {
      const rows = await this.databases.product(reader).query(sql, values);
      return rows.length > 0 ? 'read' : 'refused';
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === REFUSED ? 'refused' : 'unknown';
    }
  }

  /** An event of each product whose rows were read; what is nobody's home, such as a copy that was restored, has no events. */
  private async tell(breaches: readonly Breach[]): Promise<void> {
    for (const { reader, owner, what } of breaches) this.logger.error(`Isolation is void: ${reader} can read ${what} of ${owner}. Run "nagaya doctor".`);
    const owners = new Set(breaches.map(({ owner }) => owner));
    for (const { id: owner } of this.house.products.filter(({ id }) => owners.has(id))) {
      await this.databases.control.query('INSERT INTO core.monitoring_events (id, product_id, event_type, event_data) VALUES ($1, $2, $3, $4)', [
        newId(),
        owner,
        EVENT_TYPE,
        // Who could read it is the operators' to know, not the owner's.
        JSON.stringify({ message: 'The canary found rows of this product open to another. Operators have been told.' }),
      ]);
    }
  }
}

function drawn(ids: readonly string[], count: number): string[] {
  if (ids.length <= count) return [...ids];
  return ids.map((id) => ({ id, at: Math.random() })).sort((a, b) => a.at - b.at).slice(0, count).map(({ id }) => id);
}
