import type { AccessRule } from './finding.js';

const PUBLICATIONS_SQL = `
  SELECT p.pubname AS name, CASE WHEN p.puballtables THEN 'all tables' ELSE string_agg(DISTINCT t.schemaname || '.' || t.tablename, ', ') END AS tables
    FROM pg_publication p LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname
   WHERE p.puballtables OR t.schemaname = ANY($1)
   GROUP BY 1, p.puballtables ORDER BY 1`;

/** Rows that are published go to whoever may replicate, past every grant and policy. A replica of yours is a good reason, so it is told and left. */
export const publications: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<{ name: string; tables: string }>(PUBLICATIONS_SQL, [schemas]);
  return rows.map(({ name, tables }) => ({
    rule: 'publication',
    severity: 'warning' as const,
    detail: `The publication "${name}" hands rows of ${tables.slice(0, 200)} to whoever may replicate. If that is not meant: DROP PUBLICATION.`,
    fix: [],
  }));
};
