import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import type { Place, Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { AppError } from '../../errors/app-error.js';
import type { Heartbeat, WorkerState } from './worker.dto.js';

const COLUMNS = `id, product_id AS "productId", worker_id AS "workerId", worker_type AS "workerType", status,
  cpu_usage AS "cpuUsage", memory_usage AS "memoryUsage", task_count AS "taskCount",
  last_heartbeat AS "lastHeartbeat", interval_seconds AS "intervalSeconds"`;

/** The workers of a product, by what they report of themselves. */
@Injectable()
export class WorkersService {
  constructor(private readonly databases: Databases) {}

  /** One upsert; the time is the database's. */
  async heartbeat(productId: string, workerId: string, beat: Heartbeat): Promise<WorkerState> {
    const [row] = await this.databases.product(productId).query<WorkerState>(
      `INSERT INTO monitoring.worker_status AS w
              (id, product_id, worker_id, worker_type, status, cpu_usage, memory_usage, task_count, interval_seconds, last_heartbeat)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())
       ON CONFLICT (product_id, worker_id) DO UPDATE
          SET worker_type = excluded.worker_type, status = excluded.status, cpu_usage = excluded.cpu_usage,
              memory_usage = excluded.memory_usage, task_count = excluded.task_count,
              interval_seconds = excluded.interval_seconds, last_heartbeat = greatest(w.last_heartbeat, excluded.last_heartbeat)
       RETURNING ${COLUMNS}, 'alive' AS state`,
      [newId(), productId, workerId, beat.workerType, beat.status, beat.cpuUsage ?? null, beat.memoryUsage ?? null, beat.taskCount, beat.intervalSeconds],
      { prepared: true },
    );
    if (row === undefined) throw new AppError('internal', 'The heartbeat was not recorded.');
    return row;
  }

  /** The one heard of last first. */
  async list(productId: string, limit: number, after: Place | undefined): Promise<Slice<WorkerState>> {
    const rows = await this.databases.product(productId).query<WorkerState & { key: string }>(
      `SELECT ${COLUMNS}, last_heartbeat::text AS key,
              CASE WHEN last_heartbeat + make_interval(secs => 3 * interval_seconds) < clock_timestamp() THEN 'dead' ELSE 'alive' END AS state
         FROM monitoring.worker_status
        WHERE product_id = $1 AND ($2::timestamptz IS NULL OR (last_heartbeat, id) < ($2::timestamptz, $3::uuid))
        ORDER BY last_heartbeat DESC, id DESC
        LIMIT $4`,
      [productId, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: page.map(({ key: _, ...worker }) => worker), next: rows.length > limit && last ? [last.key, last.id] : null };
  }
}
