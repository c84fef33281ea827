import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which model a table's vectors are of, and how far a change to another one has come. */
@Entity({ schema: 'coding_rule2', name: 'embedding_states' })
export class EmbeddingState {
  @PrimaryColumn({ type: 'varchar', length: 30 })
  corpus!: string;

  /** What is computed for rows without a vector, and what questions are asked in. */
  @Column({ type: 'varchar', length: 100 })
  model!: string;

  /** The model that rows are being computed anew in; null where no change is under way. */
  @Column({ name: 'next_model', type: 'varchar', length: 100, nullable: true })
  nextModel!: string | null;

  /** Rows up to this number have been computed anew. */
  @Column({ name: 'cursor_no', type: 'bigint', default: 0 })
  cursorNo!: string;

  /** Rows to compute anew when the change began, those that are, and those that the provider has no vector for. */
  @Column({ type: 'bigint', default: 0 })
  total!: string;

  @Column({ type: 'bigint', default: 0 })
  done!: string;

  @Column({ type: 'bigint', default: 0 })
  refused!: string;

  /** Vectors that were replaced are still there, and searched. */
  @Column({ type: 'boolean', default: false })
  keeps!: boolean;

  @Column({ name: 'switched_at', type: 'timestamptz', nullable: true })
  switchedAt!: Date | null;
}
