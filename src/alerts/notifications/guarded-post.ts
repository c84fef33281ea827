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

/** All of it: name, connection, answer. */
const TIMEOUT_MS = 10_000;

/**
 * Sends JSON to an address that the rules allow. The name is resolved once and the connection goes to the very address
 * that was checked, so a name that changes in between leads nowhere else; a redirect is not followed but fails.
 * @throws NotTaken unless the answer is a 2xx
 */
export async function guardedPost({ url, body, headers }: Post, rules: AddressRules): Promise<void> {
  const target = new URL(url);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const address = await allowedAddress(host, rules);
  const status = await send(target, host, address, body, headers, signal);
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) throw new NotTaken(`${target.host} answered ${status}, and redirects are not followed; give the address that it leads to.`);
  throw new NotTaken(`${target.host} answered ${status}.`);
}

async function allowedAddress(host: string, rules: AddressRules): Promise<string> {
  const addresses = isIP(host) === 0 ? (await resolved(host)) : [host];
  const refused = addresses.find((address) => !rules.mayReach(address));
  const [first] = addresses;
  if (refused !== undefined) {
    const network = `${refused}/${isIP(refused) === 6 ? 128 : 32}`;
    throw new NotTaken(`${host} is ${refused}, which is not a public address. If that is meant, allow it with NAGAYA_ALERT_ALLOWED_NETWORKS=${network}.`);
  }
  if (first === undefined) throw new NotTaken(`${host} has no address.`);
  return first;
}

async function resolved(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new NotTaken(`The name ${host} can't be resolved.`, { cause: error });
  }
}

function send(target: URL, host: string, address: string, body: string, headers: Post['headers'], signal: AbortSignal): Promise<number> {
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
    request.once('error', (error) => reject(new NotTaken(signal.aborted ? `${target.host} did not answer within ${TIMEOUT_MS / 1_000} s.` : `${target.host} can't be reached: ${error.message}`, { cause: error })));
    request.end(body);
  });
}
