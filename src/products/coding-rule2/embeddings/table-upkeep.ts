import { EmbeddingError } from '../../../embeddings/embedding-provider.js';
import type { CodingRule2Database } from '../coding-rule2.database.js';
import { NOT_EXPIRED } from '../memories/memories.service.js';
import { CORPORA, type Corpus, type CorpusName } from '../search/corpus.js';
import type { EmbeddingStates, UpkeepState } from './embedding-states.js';
import type { EmbeddingUpkeep, ModelCount } from './embedding-upkeep.js';
import { replaceVectors, writeVectors, type ComputedRow } from './computed-rows.js';
import type { RowEmbedder } from './row-embedder.js';

interface TextRow {
  id: string;
  no: string;
  text: string;
}

/** Numbers of rows that one statement looks through for those to compute anew: it ends soon, also where it finds none. */
const WINDOW = 50_000;
const DROPPED_AT_ONCE = 500;

/** SQL: what of a row is embedded. A provider takes no more than the beginning, which a message of a megabyte is not read for. */
const TEXTS: Readonly<Record<CorpusName, string>> = {
  conversations: `left(user_message, 6000) || E'\\n' || left(ai_response, 6000)`,
  memories: CORPORA.memories.text,
};
/** SQL: what is worth it. */
const LIVE: Readonly<Record<CorpusName, string>> = { conversations: 'true', memories: NOT_EXPIRED };

/** The vectors of conversations, or of memories. */
export class TableUpkeep implements EmbeddingUpkeep {
  private readonly source: Corpus;

  constructor(
    readonly corpus: CorpusName,
    private readonly database: CodingRule2Database,
    private readonly states: EmbeddingStates,
    private readonly embedder: RowEmbedder,
    private readonly batch: () => number,
  ) {
    this.source = CORPORA[corpus];
  }

  async step(signal: AbortSignal): Promise<number> {
    const filled = await this.fill(await this.states.of(this.corpus), signal);
    if (signal.aborted) return filled;
    const state = await this.states.of(this.corpus);
    if (state.nextModel !== null) return filled + (await this.recompute(state, state.nextModel, signal));
    return filled + (state.keeps && state.isSettled ? await this.dropKept() : 0);
  }

  /** Rows that have no vector get one: of the model that is searched, or of the next where the change has passed them. */
  private async fill(state: UpkeepState, signal: AbortSignal): Promise<number> {
    const rows = await this.database.query<TextRow & { model: string }>(
      `SELECT id, text_no AS no, ${TEXTS[this.corpus]} AS text, wanted.model FROM ${this.source.table},
              LATERAL (SELECT CASE WHEN $2::text IS NOT NULL AND text_no <= $3::bigint THEN $2::text ELSE $1::text END AS model) wanted
        WHERE vector_embedding IS NULL AND embedding_model IS DISTINCT FROM wanted.model AND ${LIVE[this.corpus]}
        ORDER BY text_no LIMIT $4`,
      [state.model, state.nextModel, state.cursorNo, this.batch()],
    );
    let filled = 0;
    for (const model of new Set(rows.map((row) => row.model))) {
      const computed = await this.compute(rows.filter((row) => row.model === model), model, signal).catch((error: unknown) => {
        // A model that is being left may be gone already: its rows get the next one when the change comes to them.
        if (state.nextModel !== null && model !== state.nextModel && error instanceof EmbeddingError && error.kind === 'refused') return [];
        throw error;
      });
      filled += await writeVectors(this.database, this.source, state, model, computed);
    }
    return filled;
  }

  /** The next rows that have a vector of another model, or none, in the order of their numbers. */
  private async recompute(state: UpkeepState, model: string, signal: AbortSignal): Promise<number> {
    const [end] = await this.database.query<{ last: string }>(`SELECT coalesce(max(text_no), 0) AS last FROM ${this.source.table}`);
    const last = Number(end?.last ?? 0);
    for (let from = Number(state.cursorNo); from < last && !signal.aborted; from += WINDOW) {
      const rows = await this.database.query<TextRow>(
        `SELECT id, text_no AS no, ${TEXTS[this.corpus]} AS text FROM ${this.source.table}
          WHERE text_no > $1 AND text_no <= $2 AND embedding_model IS DISTINCT FROM $3::text AND ${LIVE[this.corpus]}
          ORDER BY text_no LIMIT $4`,
        [from, from + WINDOW, model, this.batch()],
      );
      if (rows.length > 0) return replaceVectors(this.database, this.source, state, model, await this.compute(rows, model, signal));
    }
    if (!signal.aborted) await this.states.finish(state);
    return 0;
  }

  private async compute(rows: readonly TextRow[], model: string, signal: AbortSignal): Promise<ComputedRow[]> {
    const vectors = await this.embedder.embed(rows.map(({ text }) => this.source.readText(text)), model, signal);
    return rows.map(({ id, no }, at) => ({ id, no, vector: vectors[at] ?? null }));
  }

  private async dropKept(): Promise<number> {
    const { table, id } = this.source.kept;
    const rows = await this.database.query(
      `DELETE FROM ${table} WHERE ${id} IN (SELECT ${id} FROM ${table} LIMIT ${DROPPED_AT_ONCE}) RETURNING 1`,
    );
    if (rows.length === 0) await this.database.query('UPDATE coding_rule2.embedding_states SET keeps = false WHERE corpus = $1 AND next_model IS NULL', [this.corpus]);
    return rows.length;
  }

  async countByModel(): Promise<ModelCount[]> {
    const [range] = await this.database.query<{ first: string; last: string }>(`SELECT coalesce(min(text_no), 0) - 1 AS first, coalesce(max(text_no), 0) AS last FROM ${this.source.table}`);
    const counts = new Map<string, ModelCount>();
    for (let from = Number(range?.first ?? 0); from < Number(range?.last ?? 0); from += WINDOW) {
      const rows = await this.database.query<ModelCount>(
        `SELECT embedding_model AS model, vector_embedding IS NOT NULL AS "hasVector", count(*)::int AS rows
           FROM ${this.source.table} WHERE text_no > $1 AND text_no <= $2 AND ${LIVE[this.corpus]} GROUP BY 1, 2`,
        [from, from + WINDOW],
      );
      for (const row of rows) {
        const key = JSON.stringify([row.model, row.hasVector]);
        counts.set(key, { ...row, rows: row.rows + (counts.get(key)?.rows ?? 0) });
      }
    }
    return [...counts.values()];
  }
}
