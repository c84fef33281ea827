import pg from 'pg';
import type { AdminConnection } from '../admin-connection.js';
import { quoteIdent, quoteLiteral } from '../quote-ident.js';
import { scramVerifier } from '../role-secret.js';

const WRONG_PASSWORD = new Set(['28P01', '28000']);
/** Logins tried at a time: a login costs the server a process, and hundreds one after the other cost seconds. */
const AT_ONCE = 8;

export interface RoleLogin {
  readonly role: string;
  readonly url: string;
  /** The secret that the password is derived from. */
  readonly secret: string;
}

export interface PasswordRepair {
  readonly repaired: readonly string[];
  /** By role, why its login could not be tried. */
  readonly failed: ReadonlyMap<string, unknown>;
}

/**
 * Tries each login and sets the derived password where it is refused. A role may change its own password, and who
 * is no superuser can't read what is set, so logging in is the only proof.
 */
export async function repairPasswords(admin: AdminConnection, logins: readonly RoleLogin[]): Promise<PasswordRepair> {
  const refused: RoleLogin[] = [];
  const failed = new Map<string, unknown>();
  const waiting = [...logins];
  const tryNext = async (): Promise<void> => {
    for (let login = waiting.shift(); login !== undefined; login = waiting.shift()) {
      try {
        if (!(await canLogIn(login.url))) refused.push(login);
      } catch (error) {
        failed.set(login.role, error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tryNext));
  for (const { role, secret } of refused) {
    await admin.query(`ALTER ROLE ${quoteIdent(role)} PASSWORD ${quoteLiteral(scramVerifier(secret, role))}`);
  }
  return { repaired: refused.map((login) => login.role), failed };
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: 'nagaya-login-check', connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (WRONG_PASSWORD.has(code)) return false;
    // The role's connection limit is reached only by logins that succeeded.
    if (code === '53300') return true;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
