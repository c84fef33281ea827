import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding, as PostgreSQL speaks it.

export const MECHANISM = 'SCRAM-SHA-256';

interface Verifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** A name without a password is asked all the same, so that an answer doesn't tell which names there are. */
const NOBODY_KEY = randomBytes(32);

export class ScramExchange {
  private readonly verifier: Verifier;
  private readonly possible: boolean;
  private bareFirst = '';
  private header = '';
  private serverFirst = '';
  private nonce = '';

  /** `verifier` as it stands in pg_authid, or null; of another kind than SCRAM it can't be logged in with. */
  constructor(user: string, verifier: string | null) {
    const known = verifier === null ? undefined : readVerifier(verifier);
    this.possible = known !== undefined;
    this.verifier = known ?? nobody(user);
  }

  /** Answers the client's first message, or undefined where it is malformed or asks for channel binding. */
  begin(clientFirst: string): string | undefined {
    const [, header, bare, nonce] = /^([ny],(?:a=[^,]*)?,)((?:n=[^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(clientFirst) ?? [];
    if (header === undefined || bare === undefined || nonce === undefined) return undefined;
    this.header = header;
    this.bareFirst = bare;
    this.nonce = nonce + randomBytes(18).toString('base64');
    this.serverFirst = `r=${this.nonce},s=${this.verifier.salt.toString('base64')},i=${this.verifier.iterations}`;
    return this.serverFirst;
  }

  /** Answers the server's signature where the client has shown that it knows the password. */
  finish(clientFinal: string): string | undefined {
    const [, withoutProof, binding, nonce, proof] = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/s.exec(clientFinal) ?? [];
    if (withoutProof === undefined || binding === undefined || proof === undefined) return undefined;
    if (nonce !== this.nonce || binding !== Buffer.from(this.header).toString('base64')) return undefined;
    const authMessage = `${this.bareFirst},${this.serverFirst},${withoutProof}`;
    const given = Buffer.from(proof, 'base64');
    const signature = hmac(this.verifier.storedKey, authMessage);
    if (given.length !== signature.length) return undefined;
    const clientKey = Buffer.from(given.map((byte, index) => byte ^ (signature[index] ?? 0)));
    const right = timingSafeEqual(createHash('sha256').update(clientKey).digest(), this.verifier.storedKey);
    if (!right || !this.possible) return undefined;
    return `v=${hmac(this.verifier.serverKey, authMessage).toString('base64')}`;
  }
}

function readVerifier(text: string): Verifier | undefined {
  const [, iterations, salt, storedKey, serverKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(text) ?? [];
  if (iterations === undefined || salt === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  const keys = [storedKey, serverKey].map((key) => Buffer.from(key, 'base64'));
  const [stored, server] = keys;
  if (stored?.length !== 32 || server?.length !== 32) return undefined;
  return { iterations: Number(iterations), salt: Buffer.from(salt, 'base64'), storedKey: stored, serverKey: server };
}

/** The same salt each time, as a role that exists would have. */
function nobody(user: string): Verifier {
  const salt = hmac(NOBODY_KEY, user).subarray(0, 16);
  return { iterations: 4096, salt, storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
