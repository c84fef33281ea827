import type pg from 'pg';

/** How long the server may take to say that it is ready again, milliseconds. */
const TIMEOUT_MS = 1_000;
/** ReadyForQuery's word for "no transaction open". */
const IDLE = 'I';

/**
 * A statement that the server refused leaves its connection as good as it was, as soon as the server says that it is ready:
 * closing it, as pg's pool does, would cost a login for each row that is there already.
 * @returns whether it may be used again; a server that ended it, or says nothing, answers no
 */
export function afterRefusal(client: pg.PoolClient): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isFit: boolean): void => {
      clearTimeout(timer);
      client.off('drain', ready).off('end', gone).off('error', gone);
      resolve(isFit);
    };
    const ready = (): void => settle(client.getTransactionStatus() === IDLE);
    const gone = (): void => settle(false);
    const timer = setTimeout(gone, TIMEOUT_MS).unref();
    client.on('drain', ready).on('end', gone).on('error', gone);
  });
}
