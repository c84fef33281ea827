import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { DEFAULT_ROLE_PREFIX } from '../config/environment-reader.js';
import { RoleNames } from './role-names.js';

// PostgreSQL's own default (scram_iterations); more would only slow logins, the password has 256 bits.
const SCRAM_ITERATIONS = 4096;

/** The password of a role, derived so that a deployment keeps one secret and stores no password. */
export function rolePassword(secret: string, role: string): string {
  return createHmac('sha256', secret).update(`role:${role}`).digest('base64url');
}

/**
 * What stands in `pg_authid` for that password (SCRAM-SHA-256, RFC 5802). Sending the verifier rather than the
 * password keeps the password out of the server's statement log; the salt is derived too, so that the same secret
 * gives the same verifier everywhere (a pooler's user list needs that).
 */
export function scramVerifier(secret: string, role: string): string {
  const salt = createHmac('sha256', secret).update(`salt:${role}`).digest().subarray(0, 16);
  const salted = pbkdf2Sync(rolePassword(secret, role), salt, SCRAM_ITERATIONS, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/**
 * Stands in each role's comment. Roles belong to the whole cluster, so a second deployment there must be able to
 * tell that a role is not its own; who has the same secret and the same names for its roles is the same deployment.
 */
export function deploymentId(secret: string, roles: RoleNames = new RoleNames()): string {
  const name = roles.prefix === DEFAULT_ROLE_PREFIX ? 'deployment' : `deployment:${roles.prefix}`;
  return createHmac('sha256', secret).update(name).digest('hex').slice(0, 16);
}

interface OwnMarks {
  readonly roleSecret: string;
  readonly previousSecret: string | undefined;
  readonly roles: RoleNames;
}

/** The marks that roles of this deployment may carry: two while the secret is being changed. */
export function ownRoleComments(marks: OwnMarks): string[] {
  return ownSecrets(marks).map((secret) => roleComment(secret, marks.roles));
}

/** The ids that backups of this deployment may carry: two while the secret is being changed. */
export function ownDeploymentIds(marks: OwnMarks): string[] {
  return ownSecrets(marks).map((secret) => deploymentId(secret, marks.roles));
}

function ownSecrets({ roleSecret, previousSecret }: OwnMarks): string[] {
  return [roleSecret, ...(previousSecret === undefined ? [] : [previousSecret])];
}

/** The comment of a role of this deployment. */
export function roleComment(secret: string, roles: RoleNames = new RoleNames()): string {
  return `Nagaya deployment ${deploymentId(secret, roles)}: made and kept by nagaya migrate`;
}
