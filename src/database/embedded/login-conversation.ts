import { DATABASE } from './engine.js';
import type { RoleRecord } from './logins.js';
import { MECHANISM, ScramExchange } from './scram.js';
import type { Login } from './session.js';
import { authenticationSasl, authenticationSaslContinue, authenticationSaslFinal, AUTHENTICATION_OK, type ErrorFields } from './wire/backend-messages.js';
import { cStringAt, endOfCString, type FrontendMessage } from './wire/frontend-messages.js';
import { readOptions, type Startup } from './wire/startup-packet.js';

/** The connection is told this, and closed. */
export class LoginFailure extends Error {
  override readonly name = 'LoginFailure';
  readonly fields: ErrorFields;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.fields = { severity: 'FATAL', code, message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** What the conversation needs of the connection and of the database behind it. */
export interface LoginSurroundings {
  send(bytes: Buffer): void;
  receive(): Promise<FrontendMessage>;
  findRole(name: string): Promise<RoleRecord | undefined>;
  /** Connections of that role at the moment, this one not counted. */
  connectionsOf(roleOid: number): number;
}

/** Start-up parameters that are no settings. */
const NOT_SETTINGS = new Set(['user', 'database', 'options', 'replication']);

/**
 * In a server's order: the password before everything else, so that nothing is told to who doesn't know it.
 * @throws LoginFailure
 */
export async function logIn(startup: Extract<Startup, { kind: 'login' }>, around: LoginSurroundings): Promise<Login> {
  const { parameters } = startup;
  const user = parameters.get('user') ?? '';
  const database = parameters.get('database') || user;
  const replication = parameters.get('replication') ?? 'false';
  if (user === '') throw new LoginFailure('28000', 'no PostgreSQL user name specified in startup packet');
  if (!/^(?:false|off|no|0)$/i.test(replication)) throw new LoginFailure('0A000', 'the embedded database has no replication');

  const role = await around.findRole(user);
  await checkPassword(user, role?.verifier ?? null, around);
  if (!role) throw wrongPassword(user);
  if (!role.mayLogIn) throw new LoginFailure('28000', `role "${user}" is not permitted to log in`);
  if (database !== DATABASE) {
    throw new LoginFailure('3D000', `database "${database}" does not exist`, `The embedded database's name is ${DATABASE}.`);
  }
  if (!role.superuser && !role.mayConnect) throw new LoginFailure('42501', `permission denied for database "${database}"`);
  if (!role.superuser && role.connectionLimit >= 0 && around.connectionsOf(role.oid) >= role.connectionLimit) {
    throw new LoginFailure('53300', `too many connections for role "${user}"`);
  }
  around.send(AUTHENTICATION_OK);
  const settings = [...readOptions(parameters.get('options') ?? ''), ...[...parameters].filter(([name]) => !NOT_SETTINGS.has(name))];
  return { role: user, roleOid: role.oid, superuser: role.superuser, settings };
}

async function checkPassword(user: string, verifier: string | null, around: LoginSurroundings): Promise<void> {
  const exchange = new ScramExchange(user, verifier);
  around.send(authenticationSasl([MECHANISM]));
  const challenge = exchange.begin(readInitialResponse(await around.receive()));
  if (challenge === undefined) throw new LoginFailure('08P01', 'malformed SCRAM message');
  around.send(authenticationSaslContinue(challenge));
  const final = await around.receive();
  const signature = final.type === 'p' ? exchange.finish(final.bytes.toString('utf8', 5)) : undefined;
  if (signature === undefined) throw wrongPassword(user);
  around.send(authenticationSaslFinal(signature));
}

function readInitialResponse({ type, bytes }: FrontendMessage): string {
  if (type !== 'p' || cStringAt(bytes, 5) !== MECHANISM) {
    throw new LoginFailure('08P01', 'client selected an invalid SASL authentication mechanism');
  }
  // The mechanism's name, then the length of what follows.
  return bytes.toString('utf8', endOfCString(bytes, 5) + 4);
}

function wrongPassword(user: string): LoginFailure {
  return new LoginFailure('28P01', `password authentication failed for user "${user}"`);
}
