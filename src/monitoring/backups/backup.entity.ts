import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

export const BACKUP_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'expired'] as const;
export type BackupStatus = (typeof BACKUP_STATUSES)[number];
export const BACKUP_FORMATS = ['custom', 'directory', 'plain'] as const;
export type BackupFormat = (typeof BACKUP_FORMATS)[number];

/** One backup: asked for, under way, or over. What it consists of stands in its manifest, beside its files. */
@Entity({ schema: 'monitoring', name: 'backups' })
@Check('backups_status_check', `status IN ('queued', 'running', 'succeeded', 'failed', 'expired')`)
@Check('backups_format_check', `format IN ('custom', 'directory', 'plain')`)
@Index('backups_created_at_idx', ['createdAt', 'id'])
@Index('backups_under_way_key', { synchronize: false })
export class Backup {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** Null: every schema. */
  @Column({ name: 'schema_name', type: 'varchar', length: 63, nullable: true })
  schema!: string | null;

  @Column({ type: 'varchar', length: 20, default: 'queued' })
  status!: BackupStatus;

  @Column({ type: 'varchar', length: 20, default: 'custom' })
  format!: BackupFormat;

  @Column({ name: 'requested_by', type: 'varchar', length: 120, default: 'sql' })
  requestedBy!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt!: Date | null;

  /** Renewed while somebody works on it; over, and still running: whoever it was is gone. */
  @Column({ name: 'lease_until', type: 'timestamptz', nullable: true })
  leaseUntil!: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;

  /** The moment whose data it holds: that of its snapshot. */
  @Column({ name: 'data_of', type: 'timestamptz', nullable: true })
  dataOf!: Date | null;

  @Column({ name: 'schemas_total', type: 'integer', nullable: true })
  schemasTotal!: number | null;

  @Column({ name: 'schemas_done', type: 'integer', default: 0 })
  schemasDone!: number;

  /** Written so far; in the end, the size of all its files. */
  @Column({ type: 'bigint', default: 0 })
  bytes!: string;

  @Column({ type: 'text', nullable: true })
  location!: string | null;

  /** Why it failed, for operators. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
