import { superuserRows } from './superuser-rows.js';

/** Every line of the catalogue that says what a schema holds; order of creation and OIDs left out. */
const LINES = {
  columns: `
    SELECT format('%s.%s %s %s default %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'),
                  CASE WHEN a.attacl IS NULL THEN '' ELSE ' ' || a.attacl::text END) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = $schema AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped`,
  relations: `
    SELECT format('%s %s owner %s rls %s %s partition %s', c.relkind, c.relname, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,
                  coalesce(pg_get_expr(c.relpartbound, c.oid), 'no')) AS line
      FROM pg_class c WHERE c.relnamespace = $schema`,
  grants: `
    SELECT format('%s %s to %s', c.relname, acl.privilege_type, CASE acl.grantee WHEN 0 THEN 'public' ELSE acl.grantee::regrole::text END) AS line
      FROM pg_class c, aclexplode(c.relacl) acl WHERE c.relnamespace = $schema`,
  constraints: `SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line FROM pg_constraint WHERE connamespace = $schema`,
  indexes: `SELECT indexdef AS line FROM pg_indexes WHERE schemaname::regnamespace = $schema`,
  functions: `SELECT format('%s acl %s', pg_get_functiondef(oid), proacl) AS line FROM pg_proc WHERE pronamespace = $schema AND prokind IN ('f', 'p')`,
  policies: `
    SELECT format('%s %s %s %s %s %s', polrelid::regclass, polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) AS line
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = $schema`,
  triggers: `SELECT pg_get_triggerdef(t.oid) AS line FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = $schema AND NOT t.tgisinternal`,
  types: `SELECT format('%s %s', typname, typtype) AS line FROM pg_type WHERE typnamespace = $schema AND typtype <> 'b' AND typrelid = 0`,
} as const;

export type Fingerprint = Record<keyof typeof LINES, string[]>;

export async function fingerprintOf(database: string, schema: string): Promise<Fingerprint> {
  const entries = await Promise.all(
    Object.entries(LINES).map(async ([subject, sql]) => {
      const rows = await superuserRows<{ line: string }>(database, `${sql.replace('$schema', `'${schema}'::regnamespace`)} ORDER BY 1`);
      return [subject, rows.map((row) => row.line)] as const;
    }),
  );
  return Object.fromEntries(entries) as Fingerprint;
}
