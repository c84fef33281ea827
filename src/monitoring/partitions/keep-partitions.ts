import type { Queryable } from '../../database/admin-connection.js';

/** Made ahead: a month in which the job may fail before a row finds no partition. */
const DAYS_AHEAD = 30;
/** Kept behind; what is older is dropped, and a timestamp before it is refused. */
const DAYS_KEPT = 30;

/** The functions of the owner that keep the partitions of one shared table. */
export interface PartitionedTable {
  readonly table: string;
  readonly make: string;
  readonly drop: string;
}

export const EVENT_PARTITIONS: PartitionedTable = {
  table: 'core.monitoring_events',
  make: 'SELECT core.make_event_partitions($1, $2)',
  drop: 'SELECT core.drop_event_partitions($1)',
};
export const METRIC_PARTITIONS: PartitionedTable = {
  table: 'monitoring.performance_metrics',
  make: 'SELECT monitoring.make_metric_partitions($1, $2)',
  drop: 'SELECT monitoring.drop_metric_partitions($1)',
};

/** Daily partitions, ahead and for the days that are kept. Safe to repeat and to run at once. */
export async function makePartitions(control: Queryable, tables: readonly PartitionedTable[] = [EVENT_PARTITIONS, METRIC_PARTITIONS]): Promise<void> {
  for (const { make } of tables) await control.query(make, [DAYS_KEPT, DAYS_AHEAD]);
}

/** Drops the days that are no longer kept. Fails, and is tried again, rather than wait for long behind readers. */
export async function dropOldPartitions(control: Queryable, tables: readonly PartitionedTable[] = [EVENT_PARTITIONS, METRIC_PARTITIONS]): Promise<void> {
  for (const { drop } of tables) await control.query(drop, [DAYS_KEPT]);
}
