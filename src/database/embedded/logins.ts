import { quoteLiteral } from '../quote-ident.js';
import { DATABASE, SUPERUSER, type Engine } from './engine.js';

/** A row of pg_authid, and what it may do in this database. */
export interface RoleRecord {
  readonly oid: number;
  readonly verifier: string | null;
  readonly mayLogIn: boolean;
  readonly superuser: boolean;
  /** Negative: no limit. */
  readonly connectionLimit: number;
  readonly mayConnect: boolean;
}

/** With the session as the superuser's. A password that is past its time is as none. */
export function findRole(engine: Engine, name: string): RoleRecord | undefined {
  const [row] = engine.query(`
    SELECT r.oid, CASE WHEN r.rolvaliduntil < pg_catalog.now() THEN NULL ELSE r.rolpassword END, r.rolcanlogin, r.rolsuper,
           r.rolconnlimit, pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT')
    FROM pg_catalog.pg_authid r, pg_catalog.pg_database d
    WHERE r.rolname = ${quoteLiteral(name)} AND d.datname = ${quoteLiteral(DATABASE)}`);
  if (!row) return undefined;
  const [oid, verifier = null, mayLogIn, superuser, connectionLimit, mayConnect] = row;
  return {
    oid: Number(oid),
    verifier,
    mayLogIn: mayLogIn === 't',
    superuser: superuser === 't',
    connectionLimit: Number(connectionLimit),
    mayConnect: mayConnect === 't',
  };
}

/** At every start, so that a new secrets file, or a password changed by hand, doesn't lock everybody out. */
export function setSuperuserVerifier(engine: Engine, verifier: string): void {
  if (findRole(engine, SUPERUSER)?.verifier === verifier) return;
  engine.query(`ALTER ROLE ${SUPERUSER} PASSWORD ${quoteLiteral(verifier)}`);
}

/** What a server reports of its settings after a login; drivers read some of them. */
const REPORTED = [
  'server_version',
  'server_encoding',
  'client_encoding',
  'application_name',
  'default_transaction_read_only',
  'in_hot_standby',
  'is_superuser',
  'session_authorization',
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'integer_datetimes',
  'standard_conforming_strings',
  'search_path',
];

/** With the session as the connection's. */
export function reportedSettings(engine: Engine): [name: string, value: string][] {
  const columns = REPORTED.map((name) => `pg_catalog.current_setting('${name}')`).join(', ');
  const [values = []] = engine.query(`SELECT ${columns}`);
  return REPORTED.map((name, index) => [name, values[index] ?? '']);
}
