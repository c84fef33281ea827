import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { isDrift, type DriftReport } from '../database/drift/compare.js';
import { newId } from '../database/new-id.js';

/** Differences kept of a schema; who has more than these begins with `nagaya doctor --drift`. */
const KEPT = 100;

export interface DriftRow {
  readonly schema: string;
  readonly state: DriftReport['state'];
  readonly reason: string;
  readonly differences: number;
  readonly since: Date;
  readonly checkedAt: Date;
}

const SAVE_SQL = `
  WITH before AS (SELECT state FROM monitoring.schema_drift WHERE schema_name = $1),
  saved AS (
    INSERT INTO monitoring.schema_drift AS d (schema_name, state, reason, differences) VALUES ($1, $2, $3, $4)
    ON CONFLICT (schema_name) DO UPDATE
       SET state = excluded.state, reason = excluded.reason, differences = excluded.differences, checked_at = now(),
           since = CASE WHEN d.state = excluded.state THEN d.since ELSE now() END)
  SELECT state FROM before`;

/** Where the last look at each schema is kept: metrics and alerts read it, on whichever process they run. */
@Injectable()
export class DriftRecord {
  constructor(private readonly databases: Databases) {}

  /** Writes down a look; a schema that begins or ceases to drift gets an event, in the same transaction. */
  async save({ schema, state, reason, differences }: DriftReport): Promise<void> {
    const { control } = this.databases;
    await control.unitOfWork(async () => {
      const [before] = await control.query<{ state: DriftReport['state'] }>(SAVE_SQL, [schema, state, reason, JSON.stringify(differences.slice(0, KEPT))]);
      const drifted = isDrift(state);
      if (drifted === isDrift(before?.state ?? 'in_step')) return;
      const data = { state, reason, differences: differences.slice(0, KEPT) };
      await control.query('INSERT INTO core.monitoring_events (id, product_id, event_type, event_data) VALUES ($1, $2, $3, $4)', [
        newId(), schema, drifted ? 'schema.drifted' : 'schema.in_step', JSON.stringify(data),
      ]);
    });
  }

  async all(): Promise<DriftRow[]> {
    return this.databases.control.query<DriftRow>(
      `SELECT schema_name AS schema, state, reason, jsonb_array_length(differences) AS differences, since, checked_at AS "checkedAt"
         FROM monitoring.schema_drift ORDER BY schema_name`,
    );
  }

  /** Takes away what is kept of schemas that no manifest names any more, or that are not in service. */
  async keepOnly(schemas: readonly string[]): Promise<void> {
    await this.databases.control.query('DELETE FROM monitoring.schema_drift WHERE NOT schema_name = ANY($1)', [schemas]);
  }
}
