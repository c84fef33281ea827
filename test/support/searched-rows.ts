import pg from 'pg';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { CodingRule2Database } from '../../src/products/coding-rule2/coding-rule2.database.js';
import { CORPORA } from '../../src/products/coding-rule2/search/corpus.js';
import { RowFilter } from '../../src/products/coding-rule2/search/row-filter.js';
import { SegmentCheck } from '../../src/products/coding-rule2/search/segment-check.service.js';
import { SegmentCompaction } from '../../src/products/coding-rule2/search/segment-compaction.service.js';
import { eraseWords } from '../../src/products/coding-rule2/search/text-erasure.js';
import { TextIndexer } from '../../src/products/coding-rule2/search/text-indexer.service.js';
import { rankRows } from '../../src/products/coding-rule2/search/text-leg.js';
import { TextSearch } from '../../src/products/coding-rule2/search/text-search.js';
import { queryTerms } from '../../src/products/coding-rule2/search/tokens.js';
import { createTestDatabase, openTestDatabase } from './database.js';
import { disagreements } from './text-index.js';

const CORPUS = CORPORA.conversations;
const TABLE = CORPUS.table;
const NEVER = new AbortController().signal;
export const WINDOW = 65_536;

/** Conversations whose index is kept by hand: nothing goes into a segment, or is put together or compared, unless a test says so. */
export class SearchedRows {
  readonly indexer: TextIndexer;
  readonly compaction: SegmentCompaction;
  readonly segmentCheck: SegmentCheck;
  private readonly texts = new TextSearch(CORPUS);

  private constructor(
    readonly database: CodingRule2Database,
    private readonly adminUrl: string,
    readonly close: () => Promise<void>,
  ) {
    this.indexer = new TextIndexer(database);
    this.compaction = new SegmentCompaction(database);
    this.segmentCheck = new SegmentCheck(database);
  }

  static async open(): Promise<SearchedRows> {
    const test = await createTestDatabase();
    const open = await openTestDatabase(test);
    return new SearchedRows(new CodingRule2Database(open.databases), requireAdminUrl(open.cluster), async () => {
      await open.close();
      await test.drop();
    });
  }

  query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(sql, values);
  }

  /** By SQL, the session telling the rows apart. */
  async insert(rows: readonly { session: string; text: string }[]): Promise<void> {
    await this.query(
      `INSERT INTO ${TABLE} (session_id, user_message, ai_response, context_data) SELECT s, t, '', '{}' FROM unnest($1::text[], $2::text[]) AS r (s, t)`,
      [rows.map(({ session }) => session), rows.map(({ text }) => text)],
    );
  }

  /** As everything that rewrites rows through the API does. */
  async rewrite(session: string, text: string): Promise<void> {
    await this.erasing(session, `UPDATE ${TABLE} SET user_message = $2, text_no = DEFAULT WHERE session_id = $1`, [session, text]);
  }

  /** As everything that deletes rows through the API does. */
  async remove(session: string): Promise<void> {
    await this.erasing(session, `DELETE FROM ${TABLE} WHERE session_id = $1`, [session]);
  }

  private async erasing(session: string, sql: string, values: unknown[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      const rows = await tx.query<{ id: string }[]>(`SELECT id FROM ${TABLE} WHERE session_id = $1`, [session]);
      await eraseWords(tx, 'conversations', rows.map(({ id }) => id));
      await tx.query(sql, values);
    });
  }

  /** All rows that are in no segment yet, be they ever so few. */
  index(): Promise<number> {
    return this.indexer.index('conversations', NEVER, 1);
  }

  compact(): Promise<number> {
    return this.compaction.compact('conversations', NEVER);
  }

  /** @param isDue as once a day; otherwise only where PostgreSQL has counted a change */
  async check({ isDue }: { isDue: boolean }, signal = NEVER): Promise<number> {
    if (isDue) await this.query(`UPDATE coding_rule2.text_corpora SET checked_at = now() - interval '2 days'`);
    return this.segmentCheck.check('conversations', signal);
  }

  /** Best first. */
  search(question: string, most: number): Promise<{ session: string; score: number }[]> {
    return this.database.snapshot('', async (tx) => {
      const hits = await rankRows(tx, CORPUS, await this.texts.load(tx, queryTerms(question)), new RowFilter(), most);
      const rows = await tx.query<{ id: string; session: string }[]>(`SELECT id, session_id AS session FROM ${TABLE} WHERE id = ANY ($1::uuid[])`, [hits.map(({ id }) => id)]);
      const sessions = new Map(rows.map(({ id, session }) => [id, session]));
      return hits.map(({ id, score }) => ({ session: sessions.get(id)!, score }));
    });
  }

  segments(): Promise<{ id: string; firstNo: number; lastNo: number; documents: number }[]> {
    return this.query(`SELECT id, first_no::float8 AS "firstNo", last_no::float8 AS "lastNo", documents FROM coding_rule2.text_segments ORDER BY first_no`);
  }

  /** Where segments and rows do not agree. */
  disagreements(): Promise<string[]> {
    return disagreements((sql, values) => this.query(sql, values), CORPUS);
  }

  /** The number of the next row that comes; numbers only go up. */
  async continueAt(no: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.adminUrl });
    await client.connect();
    try {
      await client.query('SET ROLE nagaya_owner');
      await client.query(`ALTER SEQUENCE coding_rule2.conversation_context_text_no_seq RESTART WITH ${Math.trunc(no)}`);
    } finally {
      await client.end();
    }
  }

  /** So that the third row from here on is the first of the next window. */
  async continueAtEndOfWindow(): Promise<void> {
    const last = await this.lastNumber();
    await this.continueAt(Math.max(last + 1, (Math.floor(last / WINDOW) + 1) * WINDOW - 2));
  }

  async lastNumber(): Promise<number> {
    const [row] = await this.query<{ no: number }>('SELECT last_value::float8 AS no FROM coding_rule2.conversation_context_text_no_seq');
    return row!.no;
  }
}
