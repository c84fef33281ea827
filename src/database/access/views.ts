import { quoteIdent } from '../quote-ident.js';
import { asOwner, type AccessRule } from './finding.js';

const VIEWS_SQL = `
  SELECT n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND c.relkind = 'v'
     AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker' AND option_value IN ('true', 'on', '1', 'yes'))
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
   ORDER BY 1, 2`;

/** A view reads with its owner's rights unless it says otherwise, and so past the rights of who asks. */
export const views: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<{ schema: string; name: string }>(VIEWS_SQL, [schemas]);
  return rows.map(({ schema, name }) => ({
    rule: 'view-definer',
    severity: 'error' as const,
    detail: `The view "${schema}"."${name}" reads with its owner's rights, not with those of who asks.`,
    fix: asOwner(`ALTER VIEW ${quoteIdent(schema)}.${quoteIdent(name)} SET (security_invoker = true)`),
  }));
};
