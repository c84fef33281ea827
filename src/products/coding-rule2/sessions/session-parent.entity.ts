import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Which session a session inherits from. Followed upwards this never comes back to where it began. */
@Entity({ schema: 'coding_rule2', name: 'session_parents' })
@Check('session_parents_not_itself_check', 'session_id <> parent_session_id')
@Index('session_parents_parent_session_id_idx', ['parentSessionId'])
export class SessionParent {
  @PrimaryColumn({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @PrimaryColumn({ name: 'parent_session_id', type: 'varchar', length: 100 })
  parentSessionId!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
