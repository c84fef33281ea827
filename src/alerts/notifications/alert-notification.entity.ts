import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** The outbox: what is to be told to whom, written with the change that it tells of and done only when they have said so. */
@Entity({ schema: 'monitoring', name: 'alert_notifications' })
@Unique('alert_notifications_dedup_key_key', ['dedupKey'])
@Index('alert_notifications_open_idx', ['target', 'createdAt', 'id'], { where: `delivered_at IS NULL AND abandoned_at IS NULL` })
@Index('alert_notifications_created_at_idx', ['createdAt'])
export class AlertNotification {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** The configured channel: `webhook`, `alertmanager` or `slack`. */
  @Column({ type: 'varchar', length: 50 })
  target!: string;

  /** Of the same telling there is one row for each target, whoever writes it and however often. */
  @Column({ name: 'dedup_key', type: 'varchar', length: 100 })
  dedupKey!: string;

  /** The alerts as they were when it was written. */
  @Column({ type: 'jsonb' })
  payload!: unknown;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** Not before. An attempt under way has it set ahead, so that it comes back if who makes it dies. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', default: () => 'now()' })
  nextAttemptAt!: Date;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;

  @Column({ name: 'delivered_at', type: 'timestamptz', nullable: true })
  deliveredAt!: Date | null;

  /** Given up: nobody answered for so long that it is no news any more. */
  @Column({ name: 'abandoned_at', type: 'timestamptz', nullable: true })
  abandonedAt!: Date | null;
}
