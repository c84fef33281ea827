import type { EntityManager, EntityTarget, ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** A row's place in its list: the sort key as PostgreSQL prints it (a Date would lose microseconds) and the id. */
export type Place = readonly [key: string, id: string];

export interface KeysetQuery<T extends ObjectLiteral> {
  readonly entity: EntityTarget<T>;
  /** Narrows the rows; the alias is `row`. */
  readonly where: (query: SelectQueryBuilder<T>) => void;
  /** SQL over `row`, never null, e.g. `row.createdAt`; the id breaks ties. Highest first. */
  readonly orderBy: string;
  readonly keyType: 'timestamptz' | 'integer';
  readonly limit: number;
  readonly after: Place | undefined;
  /** Columns that are not read unless asked for. */
  readonly include?: readonly string[];
}

export interface Slice<T> {
  readonly items: T[];
  /** Where the next slice starts; null on the last one. */
  readonly next: Place | null;
}

/**
 * One slice of a list, highest first, by the place of the last row instead of a count of rows to skip: it costs the
 * same on every page, and rows that come or go in between neither repeat nor hide others.
 */
export async function readSlice<T extends ObjectLiteral & { id: string }>(manager: EntityManager, list: KeysetQuery<T>): Promise<Slice<T>> {
  const query = manager
    .createQueryBuilder(list.entity, 'row')
    .addSelect(`CAST(${list.orderBy} AS text)`, 'sort_key')
    .orderBy(list.orderBy, 'DESC')
    .addOrderBy('row.id', 'DESC')
    // One more than asked for tells whether there is a next page.
    .limit(list.limit + 1);
  if (list.include) query.addSelect(list.include.map((property) => `row.${property}`));
  list.where(query);
  if (list.after) {
    const [key, id] = list.after;
    query.andWhere(`(${list.orderBy}, row.id) < (CAST(:placeKey AS ${list.keyType}), CAST(:placeId AS uuid))`, { placeKey: key, placeId: id });
  }
  const { entities, raw } = await query.getRawAndEntities<{ sort_key: string }>();
  const items = entities.slice(0, list.limit);
  const last = items.at(-1);
  const key = raw[list.limit - 1]?.sort_key;
  return { items, next: entities.length > list.limit && last && key !== undefined ? [key, last.id] : null };
}
