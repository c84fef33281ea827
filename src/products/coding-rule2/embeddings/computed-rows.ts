import type { EntityManager } from 'typeorm';
import { vectorToBinary } from '../../../database/vector.js';
import type { CodingRule2Database } from '../coding-rule2.database.js';
import type { Corpus } from '../search/corpus.js';
import { isStill, type UpkeepState } from './embedding-states.js';

/** null: there is no vector of this model for it, and it is not asked for again. */
export interface ComputedRow {
  readonly id: string;
  readonly no: string;
  readonly vector: Float32Array | null;
}

/** Rows that one transaction writes: an index of vectors takes a millisecond a row, on the embedded engine thirty. */
const WRITTEN_AT_ONCE = 16;

/** Gives rows the vector that they lack; who has got one meanwhile keeps it. @returns how many were dealt with */
export async function writeVectors(database: CodingRule2Database, corpus: Corpus, state: UpkeepState, model: string, rows: readonly ComputedRow[]): Promise<number> {
  for (let at = 0; at < rows.length; at += WRITTEN_AT_ONCE) {
    const few = rows.slice(at, at + WRITTEN_AT_ONCE);
    const changed = await database.transaction(async (tx) => ((await isStill(tx, state)) ? update(tx, corpus, model, few, 't.vector_embedding IS NULL') : undefined));
    if (changed === undefined) return at;
    await tellComparison(database, corpus, changed);
  }
  return rows.length;
}

/**
 * Gives rows a vector of the next model and keeps the one that they had, so that it is searched until all have the new one. The
 * place that the change has come to is written with them. @returns how many were dealt with
 */
export async function replaceVectors(database: CodingRule2Database, corpus: Corpus, state: UpkeepState, model: string, rows: readonly ComputedRow[]): Promise<number> {
  let now = state;
  for (let at = 0; at < rows.length; at += WRITTEN_AT_ONCE) {
    const few = rows.slice(at, at + WRITTEN_AT_ONCE);
    const cursorNo = few[few.length - 1]!.no;
    const before = now;
    const changed = await database.transaction(async (tx) => {
      if (!(await isStill(tx, before))) return undefined;
      await keep(tx, corpus, state.model, model, few.map(({ id }) => id));
      const rowsChanged = await update(tx, corpus, model, few, 't.embedding_model IS DISTINCT FROM $1::text');
      await tx.query(
        `UPDATE coding_rule2.embedding_states SET cursor_no = $2, done = done + $3, refused = refused + $4, keeps = true WHERE corpus = $1`,
        [state.corpus, cursorNo, few.length, few.filter(({ vector }) => vector === null).length],
      );
      return rowsChanged;
    });
    if (changed === undefined) return at;
    await tellComparison(database, corpus, changed);
    now = { ...now, cursorNo };
  }
  return rows.length;
}

/** Of a row whose vector was replaced already, by a change that was not brought to its end, the one that is searched stays. */
async function keep(tx: EntityManager, { table, kept }: Corpus, searched: string, next: string, ids: readonly string[]): Promise<void> {
  await tx.query(
    `INSERT INTO ${kept.table} AS k (${kept.id}, kept_model, kept_embedding)
     SELECT id, embedding_model, vector_embedding FROM ${table}
      WHERE id = ANY ($1::uuid[]) AND vector_embedding IS NOT NULL AND embedding_model IS DISTINCT FROM $3::text
     ON CONFLICT (${kept.id}) DO UPDATE SET kept_model = excluded.kept_model, kept_embedding = excluded.kept_embedding
      WHERE k.kept_model IS DISTINCT FROM $2::text`,
    [ids, searched, next],
  );
}

/** VALUES rather than unnest: only as single parameters do vectors go over in binary. @returns how many rows it has changed */
async function update(tx: EntityManager, { table }: Corpus, model: string, rows: readonly ComputedRow[], unless: string): Promise<number> {
  const values: unknown[] = [model];
  const list = rows.map(({ id, vector }) => `($${values.push(id)}::uuid, $${values.push(vector && vectorToBinary(vector))}::vector)`);
  const [, changed] = await tx.query<[unknown[], number]>(
    `UPDATE ${table} t SET vector_embedding = v.vector, embedding_model = $1::text
       FROM (VALUES ${list.join(', ')}) AS v (id, vector) WHERE t.id = v.id AND ${unless}`,
    values,
  );
  return changed;
}

/**
 * PostgreSQL counts these updates, and the index of words would be compared with all its rows because of them, though no
 * word has changed. Waits for nobody: where the count is held by another, the comparison is made once for nothing.
 */
async function tellComparison(database: CodingRule2Database, { name }: Corpus, changed: number): Promise<void> {
  await database.query(
    `UPDATE coding_rule2.text_corpora SET changes_seen = changes_seen + $2
      WHERE corpus IN (SELECT corpus FROM coding_rule2.text_corpora WHERE corpus = $1 FOR UPDATE SKIP LOCKED)`,
    [name, changed],
  );
}
