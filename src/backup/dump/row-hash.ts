/**
 * How a row is hashed. Manifests name it, so each stays what it is:
 * `columns64`, PostgreSQL's own 64-bit hashes of the columns; before that `hash64`, the same hash of the row's binary copy; before
 * that, and on servers whose hashes are others, `md5`, the first half of that copy's MD5.
 */
export type SumMethod = 'columns64' | 'hash64' | 'md5';

/**
 * A row's hash, `%s` its columns. A record's hash is a sum of its columns' hashes, each times a power of 31: summed over rows it would not
 * tell which values stood in one row. So it is hashed once more, as the seed of a hash, which takes all of its 64 bits.
 * A bytea has no 64-bit hash of its own before PostgreSQL 18; a record of one has.
 */
export const ROW_HASHES: Readonly<Record<SumMethod, string>> = {
  columns64: 'hashint4extended(0, hash_record_extended(ROW(%s), 0))',
  hash64: 'hash_record_extended(ROW(record_send(ROW(%s))), 0)',
  md5: `(''x'' || left(md5(record_send(ROW(%s))), 16))::bit(64)::bigint`,
};

/** A known row and its hash. On a machine of the other byte order it is another number. */
export const KNOWN_HASHES: Readonly<Partial<Record<SumMethod, { readonly sql: string; readonly value: string }>>> = {
  columns64: {
    sql: `hashint4extended(0, hash_record_extended(ROW('nagaya'::text COLLATE "C", '00112233-4455-6677-8899-aabbccddeeff'::uuid, true, (-2)::int2, 7, '2026-11-25'::date, '\\xff00'::bytea, NULL::text), 0))`,
    value: '-6849786967948579191',
  },
  hash64: { sql: `hash_record_extended(ROW('nagaya'::bytea), 0)`, value: '-3063143413321862097' },
};

/** Types whose hash takes two values for the same only where they are the same byte by byte, and all of their bytes into account. */
const HASHED_AS_THEY_ARE = ['uuid', 'bool', 'int2', 'int4', 'date', 'oid', 'bytea'];

/**
 * What goes into the hash of each column, of type `t` with the send function `sn.s`, for `format`. Text is hashed by its bytes, whatever
 * its collation takes for equal; what has no hash, or one for which 1.0 is 1.00 or a bigint its two halves folded together, by what its
 * send function gives; what has none, or prints names by their OIDs, by its text.
 */
const COLUMNS_64 = `
  CASE WHEN t.typname IN ('text', 'varchar') AND t.oid < 16384 THEN format('%I COLLATE "C"', a.attname)
       WHEN t.typname IN (${HASHED_AS_THEY_ARE.map((type) => `'${type}'`).join(', ')}) AND t.oid < 16384 THEN format('%I', a.attname)
       WHEN s.oid IS NULL OR coalesce(e.typname, t.typname) LIKE 'reg%' OR (e.oid IS NOT NULL AND e.typsend = 0)
            OR (t.oid >= 16384 AND (t.typtype <> 'b' OR t.typelem <> 0)) THEN format('%I::text COLLATE "C"', a.attname)
       ELSE format('%I.%I(%I)', sn.nspname, s.proname, a.attname) END`;

/**
 * The same for the record that is copied: it names each column's type by its OID, so only PostgreSQL's own types, whose OIDs are the
 * same everywhere, go in as they are.
 */
const COPIED = (send: string): string => `
  CASE WHEN t.oid < 16384 AND t.typname NOT LIKE 'reg%' THEN format('%I', a.attname)
       WHEN t.oid < 16384 OR t.typtype <> 'b' OR t.typelem <> 0 OR s.oid IS NULL THEN format('%I::text', a.attname)
       ELSE format('${send}', sn.nspname, s.proname, a.attname) END`;

/** An expression over the catalogue that gives a column's part of the row, as SQL. */
export function columnsOf(method: SumMethod): string {
  if (method === 'columns64') return COLUMNS_64;
  return COPIED(method === 'md5' ? 'md5(%I.%I(%I))' : '%I.%I(%I)');
}
