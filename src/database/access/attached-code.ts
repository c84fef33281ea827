import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessRule } from './finding.js';

interface TriggerRow {
  schema: string;
  table: string;
  name: string;
  /** With its arguments. */
  function: string;
}

// A trigger of a migration's runs a function beside its table. Constraints' own are internal.
const TRIGGERS_SQL = `
  SELECT n.nspname AS schema, c.relname AS table, t.tgname AS name, format('%I.%I()', f.nspname, p.proname) AS function
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
   WHERE n.nspname = ANY($1) AND NOT t.tgisinternal AND t.tgparentid = 0 AND f.oid <> n.oid AND f.nspname <> 'pg_catalog'
   ORDER BY 1, 2, 3`;

const RULES_SQL = `
  SELECT n.nspname AS schema, c.relname AS table, r.rulename AS name
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND r.rulename <> '_RETURN'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
   ORDER BY 1, 2, 3`;

const EVENT_TRIGGERS_SQL = `
  SELECT e.evtname AS name, format('%I.%I()', n.nspname, p.proname) AS function
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE e.evtenabled <> 'D' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
   ORDER BY 1`;

const DEFINERS_SQL = `
  SELECT n.nspname AS schema, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname = ANY($1) AND p.prosecdef
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
   ORDER BY 1`;

/** Code that runs when somebody uses a table of ours, and that no migration of ours has put there: it sees every row that passes. */
export const attachedCode: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const triggers = await db.query<TriggerRow>(TRIGGERS_SQL, [schemas]);
  const rules = await db.query<Omit<TriggerRow, 'function'>>(RULES_SQL, [schemas]);
  return [
    ...triggers.map(({ schema, table, name, function: body }) => ({
      rule: 'trigger-elsewhere',
      severity: 'error' as const,
      detail: `The trigger "${name}" on "${schema}"."${table}" runs ${body}, which is not a function of that schema.`,
      fix: asOwner(`DROP TRIGGER ${quoteIdent(name)} ON ${quoteIdent(schema)}.${quoteIdent(table)}`),
    })),
    ...rules.map(({ schema, table, name }) => ({
      rule: 'rewrite-rule',
      severity: 'error' as const,
      detail: `The rule "${name}" on "${schema}"."${table}" makes other statements of those that are sent, with the owner's rights.`,
      fix: asOwner(`DROP RULE ${quoteIdent(name)} ON ${quoteIdent(schema)}.${quoteIdent(table)}`),
    })),
  ];
};

/** Runs in every migration, with the migrator's rights. Some clouds have their own, so it is told and left. */
export const eventTriggers: AccessRule = async (db) => {
  const rows = await db.query<{ name: string; function: string }>(EVENT_TRIGGERS_SQL);
  return rows.map(({ name, function: body }) => ({
    rule: 'event-trigger',
    severity: 'warning' as const,
    detail: `The event trigger "${name}" runs ${body} in every migration, with the migrator's rights.`,
    fix: asMigrator(`ALTER EVENT TRIGGER ${quoteIdent(name)} DISABLE`),
  }));
};

/** A product may call the functions of its schema; one with the rights of their owner, who owns every schema, would open them all. */
export const productDefiners: AccessRule = async (db, plan) => {
  const rows = await db.query<{ schema: string; signature: string }>(DEFINERS_SQL, [plan.products.map((product) => product.id)]);
  return rows.map(({ schema, signature }) => ({
    rule: 'definer-in-product',
    severity: 'error' as const,
    detail: `${signature} runs with the rights of its owner, to whom every product's rows are open.`,
    about: schema,
    fix: asOwner(`ALTER FUNCTION ${signature} SECURITY INVOKER`),
  }));
};
