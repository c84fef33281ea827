import { withAdmin } from '../admin-connection.js';

const LAST_STEPS_SQL = `
  SELECT DISTINCT ON (schema_name) schema_name AS schema, outcome, error
    FROM core.migration_steps
   WHERE outcome <> 'running'
   ORDER BY schema_name, started_at DESC, id DESC`;

/**
 * The schemas whose last recorded migration failed or was cut off, and why.
 * @param controlUrl `nagaya_control`'s; a database that has no record yet, or no such login, has no failures to tell
 */
export async function readLastFailures(controlUrl: string): Promise<Map<string, string>> {
  try {
    const rows = await withAdmin(controlUrl, (db) => db.query<{ schema: string; outcome: string; error: string | null }>(LAST_STEPS_SQL));
    return new Map(rows.filter(({ outcome }) => outcome === 'failed').map(({ schema, error }) => [schema, error ?? 'unknown']));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (['42P01', '42501', '3F000', '28P01', '28000'].includes(code)) return new Map();
    throw error;
  }
}
