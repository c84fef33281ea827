import { AppError } from '../errors/app-error.js';
import { withAdmin, type AdminConnection } from './admin-connection.js';
import { canLogIn } from './access/role-passwords.js';
import { requireAdminUrl, type Cluster } from './cluster.js';
import { withLock } from './migrations/schema-lock.js';
import { quoteIdent, quoteLiteral } from './quote-ident.js';
import { roleComment, scramVerifier } from './role-secret.js';

export interface RotatedRole {
  readonly role: string;
  /** What became of its password: derived anew, or not ours to change (another secret, a URL of its own, no login). */
  readonly password: 'changed' | 'kept';
}

const ROLES_SQL = `
  SELECT rolname AS role, rolcanlogin AS login, shobj_description(oid, 'pg_authid') AS comment
    FROM pg_roles
   WHERE shobj_description(oid, 'pg_authid') IN ($1, $2)
   ORDER BY rolname`;

/**
 * Moves every role of this deployment from the previous secret to the present one: password and mark, all of them in one
 * transaction. Connections that are open stay open; who opens new ones has to know the present secret by then.
 * Safe to repeat.
 * @returns the roles that were moved; none where that has been done before
 * @throws AppError `validation_failed` without a previous secret, `conflict` where no role belongs to either
 */
export async function rotateSecret(cluster: Cluster): Promise<RotatedRole[]> {
  const { previousSecret: previous, roleSecret: present } = cluster;
  if (cluster.engine === 'embedded') {
    throw new AppError('conflict', 'The embedded engine makes its own secret, which never leaves its data folder: there is nothing to change.');
  }
  if (previous === undefined) {
    throw new AppError('validation_failed', 'Put the new secret into NAGAYA_ROLE_SECRET and the one before it into NAGAYA_ROLE_SECRET_PREVIOUS, here and in every process that serves.');
  }
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const moved = await withLock(admin, 'access', () => admin.transaction(() => moveRoles(admin, cluster, roleComment(previous, cluster.roles), roleComment(present, cluster.roles))));
    for (const { role, password } of moved) {
      if (password === 'changed' && !(await canLogIn(cluster.urlsOf(role).slice(0, 1)))) {
        throw new AppError('internal', `The password of "${role}" was set, and logging in with it is refused. Something between here and the server (a pooler?) knows another one.`);
      }
    }
    return moved;
  });
}

async function moveRoles(admin: AdminConnection, { ownLogins, roles: names, roleSecret }: Cluster, from: string, to: string): Promise<RotatedRole[]> {
  const roles = await admin.query<{ role: string; login: boolean; comment: string }>(ROLES_SQL, [from, to]);
  if (roles.length === 0) throw new AppError('conflict', 'No role on this server belongs to the previous secret or to the new one. Is NAGAYA_ROLE_SECRET_PREVIOUS the secret that served until now?');
  const moved: RotatedRole[] = [];
  for (const { role, login } of roles.filter(({ comment }) => comment === from)) {
    const isDerived = login && role !== names.backup && !ownLogins.has(role);
    if (isDerived) await admin.query(`ALTER ROLE ${quoteIdent(role)} PASSWORD ${quoteLiteral(scramVerifier(roleSecret, role))}`);
    await admin.query(`COMMENT ON ROLE ${quoteIdent(role)} IS ${quoteLiteral(to)}`);
    moved.push({ role, password: isDerived ? 'changed' : 'kept' });
  }
  return moved;
}
