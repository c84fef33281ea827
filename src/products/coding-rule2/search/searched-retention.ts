import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RowRetention } from '../../../retention/row-retention.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type Corpus } from './corpus.js';
import { eraseWords } from './text-erasure.js';

/** Rows that are searched by words take their words with them when they grow too old. */
@Injectable()
export class SearchedRetention implements OnModuleInit {
  constructor(
    private readonly retention: RowRetention,
    private readonly database: CodingRule2Database,
  ) {}

  onModuleInit(): void {
    for (const corpus of Object.values(CORPORA)) {
      const [schema = '', table = ''] = corpus.table.split('.');
      this.retention.deleteBy(schema, table, (before, limit) => this.deleteBatch(corpus, before, limit));
    }
  }

  private deleteBatch(corpus: Corpus, before: Date, limit: number): Promise<number> {
    return this.database.transaction(async (tx) => {
      const old = await tx.query<{ id: string }[]>(`SELECT id FROM ${corpus.table} WHERE created_at < $1 ORDER BY created_at LIMIT $2`, [before, limit]);
      const ids = old.map((row) => row.id);
      await eraseWords(tx, corpus.name, ids);
      await tx.query(`DELETE FROM ${corpus.table} WHERE id = ANY ($1::uuid[])`, [ids]);
      return ids.length;
    });
  }
}
