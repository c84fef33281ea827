/** A table whose rows are found by words and by vector. */
export interface Corpus {
  readonly name: 'conversations' | 'memories';
  readonly table: string;
  /** SQL: what of a row is searched, as one text. */
  readonly text: string;
  /** SQL: about how many bytes that is, without reading it. */
  readonly size: string;
  /** Where vectors are that were replaced, and by which column they name their row. */
  readonly kept: { readonly table: string; readonly id: string };
  /** What of that text is words. */
  readonly readText: (text: string) => string;
}

export type CorpusName = Corpus['name'];

export const CORPORA: Readonly<Record<CorpusName, Corpus>> = {
  conversations: {
    name: 'conversations',
    table: 'coding_rule2.conversation_context',
    text: `user_message || E'\\n' || ai_response`,
    size: 'octet_length(user_message) + octet_length(ai_response)',
    kept: { table: 'coding_rule2.conversation_kept_embeddings', id: 'conversation_id' },
    readText: (text) => text,
  },
  memories: {
    name: 'memories',
    table: 'coding_rule2.memory_inheritance',
    text: 'memory_content::text',
    size: 'pg_column_size(memory_content)',
    kept: { table: 'coding_rule2.memory_kept_embeddings', id: 'memory_id' },
    readText: (text) => textsOf(JSON.parse(text)).join('\n'),
  },
};

/** Every text in a JSON value, in order; names of fields are not what somebody remembers. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
