import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type { components, operations, paths } from './schema.js';

/** A row or a report, by its name in the OpenAPI document: `Shape<'Memory'>`. */
export type Shape<Name extends keyof components['schemas']> = components['schemas'][Name];

/** The body of every answer that is an error. */
export type Problem = Shape<'Problem'>;

export interface NagayaOptions extends Omit<ClientOptions, 'baseUrl'> {
  /** Where Nagaya serves, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  /** `ngy_pk_…` of a product, or `ngy_op_…` of an operator. */
  readonly key: string;
}

/**
 * A client that knows every path, parameter, body and answer. A call resolves to `{ data }` or to `{ error }`, a problem with a stable `code`; it
 * throws only where nothing answered.
 */
export function nagayaClient({ url, key, headers, ...options }: NagayaOptions): Client<paths> {
  const own = { ...(headers as Record<string, string> | undefined), authorization: `Bearer ${key}` };
  return createClient<paths>({ ...options, baseUrl: url.replace(/\/+$/, ''), headers: own });
}

/** A POST that writes, to be sent as often as need be: the same key and body are carried out once within 24 hours. */
export function once(idempotencyKey: string): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': idempotencyKey };
}
