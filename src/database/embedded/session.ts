import { quoteLiteral } from '../quote-ident.js';
import { DATABASE, EngineError, SUPERUSER, type Engine } from './engine.js';
import { parseMessage, SYNC } from './wire/frontend-messages.js';

/** Whose the session is to be. The object itself tells one connection's login from another's of the same role. */
export interface Login {
  readonly role: string;
  readonly roleOid: number;
  readonly superuser: boolean;
  /** From the start-up packet, in its order. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** Start-up settings that can't be had; the connection must not be served. */
export class LoginRefused extends Error {
  override readonly name = 'LoginRefused';

  constructor(
    message: string,
    /** SQLSTATE */
    readonly code: string,
  ) {
    super(message);
  }
}

/** Not enforced here, and it had better not look as if they were. */
const TIMEOUTS = new Set([
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
]);

/**
 * What one connection may leave behind for the next. RESET ALL comes first and alone, because
 * default_transaction_read_only would hold for the rest; SET SESSION AUTHORIZATION undoes SET ROLE, which RESET ALL
 * keeps, and needs a name: RESET SESSION AUTHORIZATION doesn't bring the superuser back.
 */
const CLEAN_UP = `SET SESSION AUTHORIZATION ${SUPERUSER};
  DISCARD TEMP; DISCARD SEQUENCES; DEALLOCATE ALL; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all()`;

/**
 * The engine's one session, made ready for whoever it is given to. A hand-over costs about 0.1 ms; when the same
 * connection takes it again and nobody had it in between, nothing is done.
 */
export class Session {
  private owner: Login | undefined;
  private readonly databaseOid: string;
  /** By role: the rows of pg_db_role_setting as last seen, and the SQL that applies them. */
  private readonly roleSettings = new Map<number, { readonly rows: string; readonly sql: string }>();

  constructor(
    private readonly engine: Engine,
    private readonly onWarning: (message: string) => void,
  ) {
    const [row] = engine.query(`SELECT oid FROM pg_catalog.pg_database WHERE datname = ${quoteLiteral(DATABASE)}`);
    this.databaseOid = row?.[0] ?? '0';
  }

  /** True where nobody else had the session since this login did, so that nothing it left there is gone. */
  isReadyFor(login: Login): boolean {
    return this.owner === login;
  }

  /** @throws LoginRefused where a start-up setting can't be applied; EngineFailure where the session can't be cleaned */
  makeReadyFor(login: Login): void {
    this.owner = undefined;
    const rows = this.cleanUp(this.settingsQuery(login));
    const key = JSON.stringify(rows);
    let known = this.roleSettings.get(login.roleOid);
    if (known?.rows !== key) {
      known = { rows: key, sql: settingsSql(bestOf(rows)) };
      this.roleSettings.set(login.roleOid, known);
    }
    try {
      // One implicit transaction: where a part fails the session is the superuser's still.
      this.engine.query(`${known.sql}${authorizationSql(login.role)}${settingsSql(login.settings)}`);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.applyOneByOne(login, bestOf(rows));
    }
    this.owner = login;
  }

  /** For SQL of the front end's own. */
  makeReadyForSuperuser(): void {
    this.owner = undefined;
    this.cleanUp('');
  }

  /** What a connection did may have undone its login, or its settings: do it again before its next batch. */
  forget(): void {
    this.owner = undefined;
  }

  /** Undoes what a connection left open. `inBatch`: its last batch came without Sync. */
  abandon(inBatch: boolean): void {
    this.owner = undefined;
    // A Sync alone would commit; after an error it does not.
    if (inBatch) this.engine.run(Buffer.concat([parseMessage('', 'the client is gone'), SYNC]));
    // Also where it says «there is no transaction»: that is a warning.
    this.engine.query('ROLLBACK');
  }

  private cleanUp(thenQuery: string): (string | null)[][] {
    this.engine.query('RESET ALL');
    const rows = this.engine.query(`${CLEAN_UP}; ${thenQuery}`);
    // The first row is pg_advisory_unlock_all's.
    return rows.slice(1);
  }

  private settingsQuery({ roleOid }: Login): string {
    return `SELECT setrole <> 0, setdatabase <> 0, pg_catalog.unnest(setconfig) FROM pg_catalog.pg_db_role_setting
      WHERE setdatabase IN (0, ${this.databaseOid}) AND setrole IN (0, ${roleOid})`;
  }

  /** A bad setting of the role is passed over, as a server does; a bad one of the client's refuses the connection. */
  private applyOneByOne(login: Login, roleSettings: readonly (readonly [string, string])[]): void {
    for (const setting of roleSettings) {
      try {
        this.engine.query(settingsSql([setting]));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        this.onWarning(`A setting of the role ${login.role} can't be applied: ${setting[0]}: ${error.message}`);
      }
    }
    try {
      this.engine.query(authorizationSql(login.role));
      for (const setting of login.settings) this.engine.query(settingsSql([setting]));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new LoginRefused(error.message, error.sqlState);
    }
  }
}

/** For each name the most particular: the role's in this database, the role's, the database's, everybody's. */
function bestOf(rows: readonly (string | null)[][]): [string, string][] {
  const best = new Map<string, { rank: number; value: string }>();
  for (const [ofRole, ofDatabase, setting] of rows) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(setting ?? '') ?? [];
    const rank = (ofRole === 't' ? 2 : 0) + (ofDatabase === 't' ? 1 : 0);
    if (name === undefined || value === undefined || (best.get(name)?.rank ?? -1) > rank) continue;
    best.set(name, { rank, value });
  }
  return [...best].map(([name, { value }]) => [name, value]);
}

function settingsSql(settings: readonly (readonly [name: string, value: string])[]): string {
  return settings
    .filter(([name]) => !TIMEOUTS.has(name.toLowerCase()))
    .map(([name, value]) => `SELECT pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false);`)
    .join('');
}

function authorizationSql(role: string): string {
  return settingsSql([['session_authorization', role]]);
}
