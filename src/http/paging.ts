import { applyDecorators, UseInterceptors, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { WHERE_GIVEN } from './field.js';
import { InstantField, IntegerField, TextField } from './fields.js';
import { noCursor, OwnCursors } from './own-cursors.js';
import { unstorableText } from './text.js';

/** One page of a list; `nextCursor` is null on the last one. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The query of every list. */
export class PageQuery {
  @IntegerField({ description: 'How many items a page has at most.', example: 20, min: 1, max: 100, default: 20 })
  limit!: number;

  @TextField({ description: 'Where the page starts: `nextCursor` of the page before. Opaque.', example: 'WyIyMDI2IiwiMSJd', max: 1_000, optional: true })
  cursor?: string;
}

/** The query of a list whose rows have a time. Both ends are optional: since ≤ t < until. */
export class TimeRangeQuery extends PageQuery {
  @InstantField({ description: 'Only what happened at this time or later.', example: '2026-01-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Only what happened before this time.', example: '2026-02-01T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;
}

/** A rule between two InstantFields: this one must be later than the other, where both are given. */
export function IsAfter(other: string): PropertyDecorator {
  return ValidateBy({
    name: 'isAfter',
    validator: {
      validate: (_value, args) => {
        const { [other]: earlier, [args!.property]: later } = args!.object as Record<string, unknown>;
        return !(earlier instanceof Date && later instanceof Date) || earlier < later;
      },
      defaultMessage: () => `must be later than ${other}`,
    },
  }, WHERE_GIVEN);
}

/** Documents the 200 of a list: a page of the given class. Its cursors are good for this list alone. */
export function AnswersPageOf(item: Type<unknown>): MethodDecorator {
  return applyDecorators(
    UseInterceptors(OwnCursors),
    ApiExtraModels(item),
    ApiOkResponse({
      description: 'A page of the list.',
      schema: {
        type: 'object',
        required: ['items', 'nextCursor'],
        properties: {
          items: { type: 'array', items: { $ref: getSchemaPath(item) } },
          nextCursor: { type: 'string', nullable: true, description: 'The `cursor` of the next page; null on the last one.' },
        },
      },
    }),
  );
}

/** The place of a row in its list: the sort keys in order, the id last. Opaque to clients, so the order may change. */
export function encodeCursor(keys: readonly string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/**
 * Reads a cursor back. `read` turns the keys into what the query needs and gives undefined for keys it cannot use; everything
 * that is not a cursor of this list is one and the same 400.
 */
export function decodeCursor<T>(cursor: string, read: (keys: readonly string[]) => T | undefined): T {
  const keys = cursorKeys(cursor);
  const place = keys && read(keys);
  if (place === undefined) throw noCursor();
  return place;
}

function cursorKeys(cursor: string): string[] | undefined {
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(keys) && keys.every(isStorable) && encodeCursor(keys) === cursor ? keys : undefined;
  } catch {
    return undefined;
  }
}

function isStorable(key: unknown): key is string {
  return typeof key === 'string' && unstorableText(key) === undefined;
}
