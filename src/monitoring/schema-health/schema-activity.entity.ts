import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the last look at a schema left behind for the next one. */
@Entity({ schema: 'monitoring', name: 'schema_activity' })
export class SchemaActivity {
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  /** Rows written so far, by the OID of the table, as the statistics counted them. */
  @Column({ type: 'jsonb' })
  counters!: Record<string, number>;

  @Column({ name: 'last_activity', type: 'timestamptz', nullable: true })
  lastActivity!: Date | null;

  /** When it was last counted and measured exactly, and what came out. */
  @Column({ name: 'exact_at', type: 'timestamptz', nullable: true })
  exactAt!: Date | null;

  @Column({ name: 'exact_records', type: 'bigint', nullable: true })
  exactRecords!: string | null;

  @Column({ name: 'exact_bytes', type: 'bigint', nullable: true })
  exactBytes!: string | null;

  @Column({ name: 'seen_at', type: 'timestamptz', default: () => 'now()' })
  seenAt!: Date;
}
