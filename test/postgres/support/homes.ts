import { CONTROL_ROLE } from '../../support/roles.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../../support/database.js';
import { RoleSession } from './role-session.js';

/** Each product's own table that the tests try to get into. */
export const TABLE_OF = { coding_rule2: 'coding_rule2.mistake_patterns', tea_house: 'tea_house.teas' } as const;
export type Home = keyof typeof TABLE_OF;
export const HOMES = Object.keys(TABLE_OF) as Home[];
/** Each of the two products against the other. */
export const PAIRS = [
  ['coding_rule2', 'tea_house'],
  ['tea_house', 'coding_rule2'],
] as const satisfies (readonly [Home, Home])[];

const OWN_ROWS: Record<Home, string> = {
  coding_rule2: `INSERT INTO coding_rule2.mistake_patterns (pattern_type, pattern_description, pattern_data) VALUES ('secret of coding_rule2', '', '{}')`,
  tea_house: `INSERT INTO tea_house.teas (name) VALUES ('secret of tea_house')`,
};

/** A database in which both products and the control role have left something worth stealing, and logins as all of them. */
export interface Homes {
  readonly database: TestDatabase;
  readonly open: OpenTestDatabase;
  as(role: string): RoleSession;
  close(): Promise<void>;
}

export async function furnishHomes(otherRoles: readonly string[] = []): Promise<Homes> {
  const database = await createTestDatabase();
  const open = await openTestDatabase(database);
  const sessions = new Map<string, RoleSession>();
  for (const role of [CONTROL_ROLE, ...HOMES, ...otherRoles]) sessions.set(role, await RoleSession.open(open.cluster.urlOf(role)));
  const as = (role: string): RoleSession => {
    const session = sessions.get(role);
    if (session === undefined) throw new Error(`No session as ${role}.`);
    return session;
  };
  for (const home of HOMES) await furnish(as(home), home);
  await as(CONTROL_ROLE).rows(`INSERT INTO core.api_keys (name, prefix, key_hash) VALUES ('operator', 'ngy_op_secret', '\\x00')`);
  await as(CONTROL_ROLE).rows(`INSERT INTO core.audit_log (actor, action, target) VALUES ('operator', 'created', 'secret of the operator')`);
  await as(CONTROL_ROLE).rows(`INSERT INTO core.template_config (template_type, version, config_data, is_active) VALUES ('greeting', '1', '{}', true), ('greeting', '2', '{}', false)`);
  return {
    database,
    open,
    as,
    close: async () => {
      for (const session of sessions.values()) await session.close();
      await open.close();
      await database.drop();
    },
  };
}

async function furnish(session: RoleSession, home: Home): Promise<void> {
  await session.rows(OWN_ROWS[home]);
  await session.rows(`INSERT INTO core.monitoring_events (product_id, event_type, event_data) VALUES ($1, 'secret', '{}')`, [home]);
  await session.rows(`INSERT INTO monitoring.performance_metrics (product_id, metric_type, metric_value) VALUES ($1, 'secret', 1)`, [home]);
  await session.rows(`INSERT INTO monitoring.worker_status (product_id, worker_id, worker_type, status) VALUES ($1, 'w1', 'secret', 'busy')`, [home]);
}
