import type { Queryable } from '../admin-connection.js';
import type { AccessRule, Finding } from './finding.js';

/** One line of pg_hba.conf, or of a file that it includes, that lets somebody in without asking for anything. */
export interface TrustLine {
  file: string;
  line: number;
  /** local, host, hostssl, … */
  type: string;
  databases: string[];
  users: string[];
  /** null for local sockets */
  address: string | null;
}

const READABLE_SQL = `SELECT has_function_privilege('pg_hba_file_rules()', 'EXECUTE') AS readable`;
const TRUST_SQL = `
  SELECT file_name AS file, line_number AS line, type, database AS databases, user_name AS users, address
    FROM pg_hba_file_rules() WHERE auth_method = 'trust' ORDER BY rule_number`;

const LOOPBACK = /^(127\.|::1$|localhost$|samehost$)/;

const UNREAD: Finding = {
  rule: 'host-access-unread',
  severity: 'notice',
  detail: 'Whether pg_hba.conf lets anybody in without a password was not looked at: this login may not read it. Look there for "trust", or run doctor as a superuser.',
  fix: [],
};

/** Where the server asks for no password, a role's login proves nothing. Only a superuser, or who is given it, can read that. */
export const hostAccess: AccessRule = async (db, plan) => {
  if (!(await isReadable(db))) return [UNREAD];
  const lines = await db.query<TrustLine>(TRUST_SQL);
  return trustFindings(lines, plan.database, plan.roles.logins(plan.products));
};

export function trustFindings(lines: readonly TrustLine[], database: string, roles: readonly string[]): Finding[] {
  return lines.filter((line) => concerns(line, database, roles)).map(describe);
}

function concerns({ databases, users }: TrustLine, database: string, roles: readonly string[]): boolean {
  // Names of groups and patterns may stand there too; what is not plainly about others is told.
  const isOurDatabase = databases.some((name) => name === 'all' || name === database || /^(samerole|samegroup|sameuser|\/)/.test(name));
  return isOurDatabase && users.some((name) => name === 'all' || roles.includes(name) || /^[+/]/.test(name));
}

/** From another host it is an error; who is on the server itself can be as good as root anyway. */
function describe({ file, line, type, address }: TrustLine): Finding {
  const isRemote = type !== 'local' && !LOOPBACK.test(address ?? '');
  return {
    rule: 'host-trust',
    severity: isRemote ? 'error' : 'warning',
    detail: `Line ${line} of ${file} lets anybody in as any of our roles without a password, ${isRemote ? `from ${address}` : 'from the server itself'}. Write scram-sha-256 in place of trust, and reload.`,
    // A file is not mended by SQL.
    fix: [],
  };
}

async function isReadable(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ readable: boolean }>(READABLE_SQL);
  return row?.readable ?? false;
}
