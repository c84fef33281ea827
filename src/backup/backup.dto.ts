import { OneOfField, TextField } from '../http/fields.js';
import { PageQuery } from '../http/paging.js';
import { Shown } from '../http/shown.js';
import { BACKUP_FORMATS, BACKUP_STATUSES, type BackupFormat, type BackupStatus } from '../monitoring/backups/backup.entity.js';

export class StartBackup {
  @TextField({ description: 'Only this schema; absent: every schema, at one moment.', example: 'coding_rule2', max: 63, optional: true })
  schema?: string;
}

export class ListBackups extends PageQuery {
  @TextField({ description: 'Only backups of this schema.', example: 'coding_rule2', max: 63, optional: true })
  schema?: string;

  @OneOfField({ description: 'Only those in this state.', example: 'succeeded', values: BACKUP_STATUSES, optional: true })
  status?: BackupStatus;
}

/** A backup, and how far it is. */
export class BackupState {
  @Shown({ as: 'uuid', description: 'The backup.' })
  id!: string;

  @Shown({ as: 'text', nullable: true, description: 'Of which schema; null: of every one.', example: 'coding_rule2' })
  schema!: string | null;

  @Shown({ as: BACKUP_STATUSES, description: 'Expired: it was good, and has been deleted.', example: 'running' })
  status!: BackupStatus;

  @Shown({ as: BACKUP_FORMATS, description: "pg_dump's format.", example: 'custom' })
  format!: BackupFormat;

  @Shown({ as: 'text', description: 'Who asked for it.', example: 'first operator' })
  requestedBy!: string;

  @Shown({ as: 'instant', description: 'When it was asked for.', example: '2026-11-24T02:00:00.000Z' })
  createdAt!: Date;

  @Shown({ as: 'instant', nullable: true, description: 'When a worker began it.', example: '2026-11-24T02:00:03.000Z' })
  startedAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was over.', example: '2026-11-24T02:01:12.000Z' })
  finishedAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'The moment whose data it holds.', example: '2026-11-24T02:00:03.100Z' })
  dataOf!: Date | null;

  @Shown({ as: 'integer', nullable: true, description: 'How many schemas it is of; null before it is begun.', example: 3 })
  schemasTotal!: number | null;

  @Shown({ as: 'integer', description: 'How many of them are done.', example: 1 })
  schemasDone!: number;

  @Shown({ as: 'integer', description: 'Bytes written.', example: 1_048_576 })
  bytes!: number;

  @Shown({ as: 'boolean', description: 'It failed; operators find the reason with "nagaya backup list".', example: false })
  failed!: boolean;

  @Shown({ as: 'boolean', description: 'A worker is there to make it. False: it waits until "nagaya worker" is started.', example: true })
  workerAlive!: boolean;
}
