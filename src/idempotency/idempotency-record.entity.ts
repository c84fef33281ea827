import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a request with an Idempotency-Key was answered; written in the transaction of its effect. */
@Entity({ schema: 'core', name: 'idempotency_records' })
@Index('idempotency_records_created_at_idx', ['createdAt'])
export class IdempotencyRecord {
  /** The role that holds the row: a product, or `nagaya_control`. */
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @PrimaryColumn({ name: 'api_key_id', type: 'uuid' })
  apiKeyId!: string;

  @PrimaryColumn({ name: 'request_key', type: 'bytea' })
  requestKey!: Buffer;

  @Column({ name: 'body_hash', type: 'bytea' })
  bodyHash!: Buffer;

  @Column({ type: 'text', nullable: true })
  location!: string | null;

  @Column({ type: 'json', nullable: true })
  response!: unknown;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
