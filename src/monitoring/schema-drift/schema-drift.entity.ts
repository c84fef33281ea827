import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** How a schema stood to its migrations when it was last looked at; written by the drift job. */
@Entity({ schema: 'monitoring', name: 'schema_drift' })
@Check('schema_drift_state_check', `state IN ('in_step', 'behind', 'ahead', 'partial', 'tampered', 'unknown')`)
export class SchemaDrift {
  @PrimaryColumn({ name: 'schema_name', type: 'varchar', length: 63 })
  schemaName!: string;

  /** What the states mean stands in src/database/drift/compare.ts. */
  @Column({ type: 'varchar', length: 20 })
  state!: 'in_step' | 'behind' | 'ahead' | 'partial' | 'tampered' | 'unknown';

  @Column({ type: 'text' })
  reason!: string;

  /** The first hundred, as `nagaya doctor --drift` prints them. */
  @Column({ type: 'jsonb', default: [] })
  differences!: readonly object[];

  /** When it came into this state. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  since!: Date;

  @Column({ name: 'checked_at', type: 'timestamptz', default: () => 'now()' })
  checkedAt!: Date;
}
