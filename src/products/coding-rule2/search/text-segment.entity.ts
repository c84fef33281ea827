import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

/** A table whose rows are found by their words, and how far its rows have been taken into segments. */
@Entity({ schema: 'coding_rule2', name: 'text_corpora' })
export class TextCorpus {
  @PrimaryColumn({ type: 'varchar', length: 30 })
  corpus!: string;

  /** No row with a number up to this one can appear any more but in a segment. */
  @Column({ name: 'settled_no', type: 'bigint', default: 0 })
  settledNo!: string;

  /** PostgreSQL's count of updates and deletes when the segments were last compared with the rows. */
  @Column({ name: 'changes_seen', type: 'bigint', default: 0 })
  changesSeen!: string;

  @Column({ name: 'checked_at', type: 'timestamptz', default: () => 'now()' })
  checkedAt!: Date;
}

/** The rows of one range of numbers, at most 65,536 of them, with all their words. */
@Entity({ schema: 'coding_rule2', name: 'text_segments' })
@Index('text_segments_corpus_first_no_idx', ['corpus', 'firstNo'])
@Check('text_segments_range_check', '((first_no <= last_no) AND ((first_no >> 16) = (last_no >> 16)))')
export class TextSegment {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ type: 'varchar', length: 30 })
  corpus!: string;

  @ManyToOne(() => TextCorpus)
  @JoinColumn({ name: 'corpus', foreignKeyConstraintName: 'text_segments_corpus_fkey' })
  of?: TextCorpus;

  @Column({ name: 'first_no', type: 'bigint' })
  firstNo!: string;

  @Column({ name: 'last_no', type: 'bigint' })
  lastNo!: string;

  @Column({ type: 'integer' })
  documents!: number;

  @Column({ type: 'bigint' })
  tokens!: string;

  /** Sum of the rows' hashes: tells whether the rows are still what they were. */
  @Column({ type: 'numeric' })
  checksum!: string;

  /** Goes up when rows are taken out; what a process has cached of an older version is not used any more. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  /** Tokens of each row, two bytes a number of the range. */
  @Column({ type: 'bytea' })
  lengths!: Buffer;
}

/** Which rows of a segment have a term, three bytes each. */
@Entity({ schema: 'coding_rule2', name: 'text_postings' })
export class TextPostings {
  @PrimaryColumn({ name: 'segment_id', type: 'uuid' })
  segmentId!: string;

  @PrimaryColumn({ type: 'text', collation: 'C' })
  term!: string;

  @Column({ type: 'bytea' })
  postings!: Buffer;
}
