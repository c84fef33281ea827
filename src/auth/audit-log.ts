import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { newId } from '../database/new-id.js';

export interface AuditEntry {
  /** Who: a key's name, or `cli:<login name>`. */
  readonly actor: string;
  readonly apiKeyId?: string;
  /** What: a method and its route, or a verb of the command line. */
  readonly action: string;
  /** On what: the path as it was asked for. */
  readonly target: string;
  readonly requestId?: string;
}

/** Who did what as operator. Append-only: the serving role can neither change nor delete a line. */
@Injectable()
export class AuditLog {
  constructor(private readonly databases: Databases) {}

  async append(entry: AuditEntry): Promise<void> {
    await this.databases.control.query(
      'INSERT INTO core.audit_log (id, actor, api_key_id, action, target, request_id) VALUES ($1, $2, $3, $4, $5, $6)',
      [newId(), entry.actor.slice(0, 120), entry.apiKeyId ?? null, entry.action.slice(0, 200), entry.target.slice(0, 500), entry.requestId ?? null],
    );
  }
}
