import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export const RESTORE_PURPOSES = ['verify', 'drill', 'in_place', 'beside', 'whole'] as const;
export type RestorePurpose = (typeof RESTORE_PURPOSES)[number];
export const RESTORE_STATUSES = ['running', 'succeeded', 'failed', 'unconfirmed', 'confirmed', 'undone'] as const;
export type RestoreStatus = (typeof RESTORE_STATUSES)[number];

/** What was restored from a backup, or tried to be. */
@Entity({ schema: 'monitoring', name: 'restores' })
@Check('restores_purpose_check', `purpose IN ('verify', 'drill', 'in_place', 'beside', 'whole')`)
@Check('restores_status_check', `status IN ('running', 'succeeded', 'failed', 'unconfirmed', 'confirmed', 'undone')`)
@Index('restores_started_at_idx', ['startedAt', 'id'])
@Index('restores_under_way_idx', { synchronize: false })
export class Restore {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** No foreign key: the backup may be another deployment's, or its row be gone. */
  @Column({ name: 'backup_id', type: 'uuid' })
  backupId!: string;

  @Column({ type: 'varchar', length: 20 })
  purpose!: RestorePurpose;

  /** Null: every schema. */
  @Column({ name: 'schema_name', type: 'varchar', length: 63, nullable: true })
  schema!: string | null;

  /** The database, and the schema's new name where it has one. */
  @Column({ type: 'varchar', length: 200, nullable: true })
  target!: string | null;

  @Column({ type: 'varchar', length: 20, default: 'running' })
  status!: RestoreStatus;

  /** After a restore in place: the name under which the state before it (after an undo: the restored one) is kept. */
  @Column({ name: 'kept_schema', type: 'varchar', length: 63, nullable: true })
  keptSchema!: string | null;

  @Column({ name: 'requested_by', type: 'varchar', length: 120, default: 'sql' })
  requestedBy!: string;

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'lease_until', type: 'timestamptz', nullable: true })
  leaseUntil!: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;

  /** How long it took, until the data was there and proven: the recovery time. */
  @Column({ name: 'duration_seconds', type: 'double precision', nullable: true })
  durationSeconds!: number | null;

  /** How old the data was when it began: what would have been lost, the recovery point. */
  @Column({ name: 'data_age_seconds', type: 'double precision', nullable: true })
  dataAgeSeconds!: number | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
