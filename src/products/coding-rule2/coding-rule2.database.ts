import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StatementOptions } from '../../database/admin-connection.js';
import { Databases } from '../../database/databases.js';
import type { RoleDatabase } from '../../database/role-database.js';

/** This product's own login. Its services reach the database through it and through nothing else. */
@Injectable()
export class CodingRule2Database {
  constructor(private readonly databases: Databases) {}

  query<Row extends object>(sql: string, values?: readonly unknown[], options?: StatementOptions): Promise<Row[]> {
    return this.own.query<Row>(sql, values, options);
  }

  manager(): Promise<EntityManager> {
    return this.own.manager();
  }

  transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.own.transaction(work);
  }

  /** Reads that all see one state, under settings of their own. */
  snapshot<T>(settings: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.own.snapshot(settings, work);
  }

  /** What keeps a processor of the database busy for milliseconds: beside other products at work, a few at a time. */
  heavy<T>(work: () => Promise<T>): Promise<T> {
    return this.databases.heavyReads.run('coding_rule2', work);
  }

  /** One transaction around whatever the services called by `work` do. */
  unitOfWork<T>(work: () => Promise<T>): Promise<T> {
    return this.own.unitOfWork(work);
  }

  get isInUnitOfWork(): boolean {
    return this.own.isInUnitOfWork;
  }

  private get own(): RoleDatabase {
    return this.databases.product('coding_rule2');
  }
}
