import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { AddressRules } from './addresses.js';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why it was not taken, without the URL: that may be a password. */
export class NotTaken extends Error {}

/** What a test of it has in its own hands. */
export interface PostMeans {
  /** All of it: name, connection, answer. */
  readonly timeoutMs: number;
  readonly addressesOf: (host: string) => Promise<readonly string[]>;
}

const MEANS: PostMeans = {
  timeoutMs: 10_000,
  addressesOf: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
};

/**
 * Sends JSON to an address that the rules allow. The name is resolved once and the connection goes to the very address
 * that was checked, so a name that changes in between leads nowhere else; a redirect is not followed but fails.
 * @throws NotTaken unless the answer is a 2xx
 */
export async function guardedPost({ url, body, headers }: Post, rules: AddressRules, means: Partial<PostMeans> = {}): Promise<void> {
  const { timeoutMs, addressesOf } = { ...MEANS, ...means };
  const target = new URL(url);
  const signal = AbortSignal.timeout(timeoutMs);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const address = await allowedAddress(host, rules, addressesOf);
  const status = await send(target, { host, address, body, headers, signal, timeoutMs });
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) throw new NotTaken(`${target.host} answered ${status}, and redirects are not followed; give the address that it leads to.`);
  throw new NotTaken(`${target.host} answered ${status}.`);
}

async function allowedAddress(host: string, rules: AddressRules, addressesOf: PostMeans['addressesOf']): Promise<string> {
  const addresses = isIP(host) === 0 ? await resolved(host, addressesOf) : [host];
  const refused = addresses.find((address) => !rules.mayReach(address));
  const [first] = addresses;
  if (refused !== undefined) {
    const network = `${refused}/${isIP(refused) === 6 ? 128 : 32}`;
    throw new NotTaken(`${host} is ${refused}, which is not a public address. If that is meant, allow it with NAGAYA_ALERT_ALLOWED_NETWORKS=${network}.`);
  }
  if (first === undefined) throw new NotTaken(`${host} has no address.`);
  return first;
}

async function resolved(host: string, addressesOf: PostMeans['addressesOf']): Promise<readonly string[]> {
  try {
    return await addressesOf(host);
  } catch (error) {
    throw new NotTaken(`The name ${host} can't be resolved.`, { cause: error });
  }
}

interface Sending extends Omit<Post, 'url'> {
  readonly host: string;
  /** The one that was checked. */
  readonly address: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

function send(target: URL, { host, address, body, headers, signal, timeoutMs }: Sending): Promise<number> {
  const isTls = target.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (isTls ? https : http).request({
      host: address,
      port: target.port === '' ? (isTls ? 443 : 80) : Number(target.port),
      path: `${target.pathname}${target.search}`,
      method: 'POST',
      // The certificate is that of the name, not of the address.
      ...(isTls && isIP(host) === 0 && { servername: host }),
      ...(target.username !== '' && { auth: `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}` }),
      headers: { ...headers, host: target.host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'nagaya' },
      agent: false,
      signal,
    });
    request.once('response', (response) => {
      // Nobody reads what it says, however long it is.
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.once('error', (error) => reject(new NotTaken(signal.aborted ? `${target.host} did not answer within ${timeoutMs / 1_000} s.` : `${target.host} can't be reached: ${error.message}`, { cause: error })));
    request.end(body);
  });
}
