import { v7 } from 'uuid';

/** Ids are made here and not by the database: version 7 grows with time, so inserts stay at one end of the index. */
export function newId(): string {
  return v7();
}
