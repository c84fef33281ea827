import pg from 'pg';

/** invalid_password, and what poolers and `pg_hba.conf` say where a login is not to be had. */
const REFUSED = new Set(['28P01', '28000']);

/** Whether the server refused the password, rather than being away or full. */
export function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && REFUSED.has(error.code);
}

/**
 * Logs in with the first URL whose password is taken. There are two while the secret is being changed.
 * @param onAttempt is handed each client before it connects
 * @throws what the last of them was refused with; anything but a refused password at once
 */
export async function logIn(urls: readonly string[], config: pg.ClientConfig, onAttempt: (client: pg.Client) => void = () => {}): Promise<pg.Client> {
  let refusal: unknown;
  for (const connectionString of urls) {
    const client = new pg.Client({ ...config, connectionString });
    // A connection that breaks emits 'error'; the next query reports it, the process must not die of it.
    client.on('error', () => {});
    onAttempt(client);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
      refusal = error;
      await client.end().catch(() => {});
    }
  }
  throw refusal;
}
