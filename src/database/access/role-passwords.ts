import pg from 'pg';
import type { AdminConnection } from '../admin-connection.js';
import { quoteIdent, quoteLiteral } from '../quote-ident.js';
import { scramVerifier } from '../role-secret.js';

const WRONG_PASSWORD = new Set(['28P01', '28000']);

export interface RoleLogin {
  readonly role: string;
  readonly url: string;
  /** The secret that the password is derived from. */
  readonly secret: string;
}

/**
 * Tries each login and sets the derived password where it is refused. A role may change its own password, and who
 * is no superuser can't read what is set, so logging in is the only proof.
 * @returns the roles whose password was set
 */
export async function repairPasswords(admin: AdminConnection, logins: readonly RoleLogin[]): Promise<string[]> {
  const repaired: string[] = [];
  for (const { role, url, secret } of logins) {
    if (await canLogIn(url)) continue;
    await admin.query(`ALTER ROLE ${quoteIdent(role)} PASSWORD ${quoteLiteral(scramVerifier(secret, role))}`);
    repaired.push(role);
  }
  return repaired;
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
