import type { AdminConnection } from '../admin-connection.js';
import { isWrongPassword, logIn } from '../login.js';
import { quoteIdent, quoteLiteral } from '../quote-ident.js';
import { scramVerifier } from '../role-secret.js';

/** Logins tried at a time: a login costs the server a process, and hundreds one after the other cost seconds. */
const AT_ONCE = 8;

export interface RoleLogin {
  readonly role: string;
  /** Any of them may be the one that works: two while the secret is being changed. */
  readonly urls: readonly string[];
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
        if (!(await canLogIn(login.urls))) refused.push(login);
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

/** Whether one of the URLs logs in. @throws where the server can't be asked */
export async function canLogIn(urls: readonly string[]): Promise<boolean> {
  try {
    const client = await logIn(urls, { application_name: 'nagaya-login-check', connectionTimeoutMillis: 10_000 });
    await client.end();
    return true;
  } catch (error) {
    if (isWrongPassword(error)) return false;
    // The role's connection limit is reached only by logins that succeeded.
    if (error instanceof Error && 'code' in error && error.code === '53300') return true;
    throw error;
  }
}
