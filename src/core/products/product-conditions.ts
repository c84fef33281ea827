import type { Queryable } from '../../database/admin-connection.js';
import type { ProductAlert, ProductHealth } from './product.dto.js';

export interface ProductConditions {
  readonly health: ProductHealth | null;
  readonly alerts: readonly ProductAlert[];
}

/** What the checks keep in `monitoring`, for some products at once; whoever looks after that table knows more of it. */
const CONDITIONS_SQL = `
  SELECT p.id,
         (SELECT json_build_object('status', h.status, 'tableCount', h.table_count, 'recordCount', h.record_count, 'recordCountExact', h.record_count_exact,
                                   'schemaSizeBytes', h.schema_size_bytes, 'lastActivity', h.last_activity, 'checkedAt', h.checked_at)
            FROM monitoring.schema_health h WHERE h.product_id = p.id ORDER BY h.checked_at DESC, h.id DESC LIMIT 1) AS health,
         (SELECT coalesce(json_agg(json_build_object('id', a.id, 'ruleId', a.rule_id, 'severity', a.severity, 'state', a.state, 'message', a.message,
                                                     'startedAt', a.started_at) ORDER BY a.started_at DESC, a.id DESC), '[]')
            FROM monitoring.alerts a WHERE a.product_id = p.id AND a.state <> 'resolved') AS alerts
    FROM unnest($1::varchar[]) AS p (id)`;

/** The latest health and the open alerts of each of these products. */
export async function readConditions(control: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, ProductConditions>> {
  const rows = await control.query<ProductConditions & { id: string }>(CONDITIONS_SQL, [ids]);
  return new Map(
    rows.map(({ id, health, alerts }) => [
      id,
      {
        health: health && { ...health, lastActivity: health.lastActivity && new Date(health.lastActivity), checkedAt: new Date(health.checkedAt) },
        alerts: alerts.map((alert) => ({ ...alert, startedAt: new Date(alert.startedAt) })),
      },
    ]),
  );
}
