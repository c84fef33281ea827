import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ArgumentMetadata } from '@nestjs/common';
import { OmitType, PartialType, PickType } from '@nestjs/swagger';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { AppError } from '../errors/app-error.js';
import { BooleanField, InstantField, IntegerField, ItemsField, JsonField, NumberField, OneOfField, TextField, TextListField, UuidField } from './fields.js';
import { PageQuery, TimeRangeQuery } from './paging.js';
import { ValidationPipe } from './validation.pipe.js';

class Everything {
  @TextField({ description: 'A name.', example: 'a', max: 10 })
  name!: string;

  @OneOfField({ description: 'A level.', values: ['low', 'high'], default: 'low' })
  level!: 'low' | 'high';

  @IntegerField({ description: 'A count.', min: 0, max: 100, optional: true })
  count?: number;

  @NumberField({ description: 'A share.', min: 0, max: 1, optional: true })
  share?: number;

  @BooleanField({ description: 'A flag.', optional: true })
  flag?: boolean;

  @JsonField({ description: 'Data.', default: {} })
  data!: Record<string, unknown>;

  @TextListField({ description: 'Tags.', maxItems: 3, maxLength: 5, optional: true })
  tags?: string[];

  @UuidField({ description: 'An id.', optional: true, nullable: true })
  id?: string | null;

  @InstantField({ description: 'A time.', optional: true })
  at?: Date;
}

class Batch {
  @ItemsField({ description: 'Items.', type: () => Everything, min: 1, max: 100 })
  items!: Everything[];
}

class Range {
  @ItemsField({ description: 'Ranges.', type: () => TimeRangeQuery, min: 1, max: 2 })
  ranges!: TimeRangeQuery[];
}

const pipe = new ValidationPipe();
type Place = Pick<ArgumentMetadata, 'type' | 'metatype'>;

function read(place: Place, value: unknown): unknown {
  return pipe.transform(value, place);
}

function problems(place: Place, value: unknown): unknown {
  try {
    read(place, value);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.fields.map(({ pointer, detail }) => [pointer, detail]);
  }
}

const body = (metatype: Place['metatype']): Place => ({ type: 'body', metatype });
const query = (metatype: Place['metatype']): Place => ({ type: 'query', metatype });

describe('a body', () => {
  it('becomes an instance, converted, with defaults, without keys for what is absent', () => {
    const made = read(body(Everything), { name: 'a', id: 'AAAAAAAA-0000-4000-8000-000000000001', at: '2026-01-01T00:00:00Z' });
    expect(made).toBeInstanceOf(Everything);
    expect(Object.keys(made as object).sort()).toEqual(['at', 'data', 'id', 'level', 'name']);
    expect(made).toEqual({ name: 'a', level: 'low', data: {}, id: 'aaaaaaaa-0000-4000-8000-000000000001', at: new Date('2026-01-01T00:00:00Z') });
  });

  it('shares no default with another body', () => {
    const first = read(body(Everything), { name: 'a' }) as Everything;
    first.data['mine'] = true;
    expect((read(body(Everything), { name: 'a' }) as Everything).data).toEqual({});
  });

  it('is told everything that is wrong at once', () => {
    const wrong = { name: '', level: 'LOW', count: 1.5, share: 2, flag: 'true', data: [], tags: ['ok', ''], id: 'x', at: '2026-02-30T00:00:00Z', extra: 1, 'a/b': 2 };
    const known = 'is not known here; known are: name, level, count, share, flag, data, tags, id, at';
    expect(problems(body(Everything), wrong)).toEqual([
      ['/name', 'must not be empty'],
      ['/level', 'must be one of low, high'],
      ['/count', 'must be a whole number from 0 to 100'],
      ['/share', 'must be a number, at least 0, at most 1'],
      ['/flag', 'must be true or false'],
      ['/data', 'must be a JSON object'],
      ['/tags/1', 'must not be empty'],
      ['/id', 'must be a UUID, such as 0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e'],
      ['/at', 'must be a day that exists in the calendar'],
      ['/extra', known],
      ['/a~1b', known],
    ]);
  });

  it('must have what is required, and null only where it may', () => {
    expect(problems(body(Everything), {})).toEqual([['/name', 'is required']]);
    expect(problems(body(Everything), { name: null, id: null, count: null })).toEqual([
      ['/name', 'must not be null'],
      ['/count', 'must not be null'],
    ]);
  });

  it('does not take a text for a number', () => expect(problems(body(Everything), { name: 'a', count: '5' })).toHaveLength(1));

  it.each([
    [undefined, 'this request needs a JSON object as its body, with content-type: application/json'],
    [null, 'the body must be a JSON object; it is null'],
    [[], 'the body must be a JSON object; it is a list'],
    ['x', 'the body must be a JSON object; it is a string'],
    [1, 'the body must be a JSON object; it is a number'],
  ])('must be an object, not %j', (value, detail) => expect(problems(body(Everything), value)).toEqual([['', detail]]));

  it('never fails otherwise, whatever it holds, and agrees with class-validator', () => {
    fc.assert(
      fc.property(fc.record({ name: fc.anything(), count: fc.anything(), at: fc.anything(), tags: fc.anything(), id: fc.anything() }), (value) => {
        const refused = problems(body(Everything), value) as unknown[];
        const violated = validateSync(Object.assign(new Everything(), { level: 'low', data: {} }, value));
        expect(refused.length > 0).toBe(violated.length > 0);
      }),
    );
  });
});

describe('a batch', () => {
  it('has its items read like bodies, with pointers to each', () => {
    const items = [{ name: 'a' }, { name: 'too long a name' }, 5, { name: 'b', oops: 1 }];
    expect(problems(body(Batch), { items })).toEqual([
      ['/items/1/name', 'must be at most 10 characters long; it has 15'],
      ['/items/2', 'must be a JSON object'],
      ['/items/3/oops', expect.stringContaining('is not known here')],
    ]);
    const made = read(body(Batch), { items: [{ name: 'a' }] }) as Batch;
    expect(made.items[0]).toBeInstanceOf(Everything);
    expect(made.items[0]).toEqual({ name: 'a', level: 'low', data: {} });
  });

  it('has a size', () => {
    expect(problems(body(Batch), { items: [] })).toEqual([['/items', 'must have at least 1 item; it has 0']]);
    expect(problems(body(Batch), { items: Array(101).fill({}) })).toEqual([['/items', 'must have at most 100 items; it has 101']]);
    expect(problems(body(Batch), { items: {} })).toEqual([['/items', 'must be a list of objects']]);
  });

  it('is told twenty problems at most', () => expect(problems(body(Batch), { items: Array(100).fill({}) })).toHaveLength(20));

  it('keeps the rules between fields of its items', () => {
    const backwards = { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' };
    expect(problems(body(Range), { ranges: [{}, backwards] })).toEqual([['/ranges/1/until', 'must be later than since']]);
  });
});

describe('a query', () => {
  it('is text that is converted', () => {
    expect(read(query(TimeRangeQuery), { limit: '5', since: '2026-01-01T00:00:00Z', until: '2026-01-01T00:00:00.001Z' })).toEqual({
      limit: 5,
      since: new Date('2026-01-01T00:00:00Z'),
      until: new Date('2026-01-01T00:00:00.001Z'),
    });
    expect(read(query(PageQuery), {})).toEqual({ limit: 20 });
    expect(read(query(Everything), { name: '5', flag: 'false', share: '1e-1', tags: 'a' })).toMatchObject({ name: '5', flag: false, share: 0.1, tags: ['a'] });
    expect(read(query(Everything), { name: 'n', tags: ['a', 'b'] })).toMatchObject({ tags: ['a', 'b'] });
  });

  const limit = [['/query/limit', 'must be a whole number from 1 to 100']];
  it.each<[Record<string, unknown>, unknown]>([
    [{ limit: 'abc' }, limit],
    [{ limit: '1.5' }, limit],
    [{ limit: '' }, limit],
    [{ limit: ' 5' }, limit],
    [{ limit: '0x10' }, limit],
    [{ limit: '1e1' }, limit],
    [{ limit: '0' }, limit],
    [{ limit: '101' }, limit],
    [{ limit: '99999999999999999999' }, limit],
    [{ limit: ['1', '2'] }, [['/query/limit', 'must be given only once']]],
    [{ limit: ['abc', '2'] }, [['/query/limit', 'must be given only once']]],
    [{ Limit: '5' }, [['/query/Limit', 'is not known here; known are: limit, cursor']]],
    [JSON.parse('{"__proto__":"1"}') as Record<string, unknown>, [['/query/__proto__', 'is not known here; known are: limit, cursor']]],
  ])('refuses %j', (value, expected) => expect(problems(query(PageQuery), value)).toEqual(expected));

  it.each(['2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z'])('refuses a range that ends at %s, before it begins', (until) => {
    expect(problems(query(TimeRangeQuery), { since: '2026-01-01T00:00:00Z', until })).toEqual([['/query/until', 'must be later than since']]);
  });

  it('is not told of a rule between fields when one of them is wrong by itself', () => {
    expect(problems(query(TimeRangeQuery), { since: '2026-01-01T00:00:00Z', until: 'x' })).toHaveLength(1);
  });
});

describe('derived classes', () => {
  class Renamed extends PickType(Everything, ['name']) {}
  class Nameless extends OmitType(Everything, ['name']) {}
  class Patch extends PartialType(Everything) {}

  it('carry the fields of their origin', () => {
    expect(problems(body(Renamed), { level: 'low' })).toHaveLength(2);
    expect(problems(body(Nameless), { name: 'a' })).toHaveLength(1);
    expect(read(body(Nameless), {})).toEqual({ level: 'low', data: {} });
  });

  it('as a partial type may lack everything, get no defaults and take no null', () => {
    expect(read(body(Patch), {})).toEqual({});
    expect(read(body(Patch), { level: 'high' })).toEqual({ level: 'high' });
    expect(problems(body(Patch), { name: null, level: 'x' })).toEqual([
      ['/name', 'must not be null'],
      ['/level', 'must be one of low, high'],
    ]);
  });
});

it('leaves alone what is no class with fields', () => {
  expect(read({ type: 'param', metatype: String }, 'x')).toBe('x');
  expect(read({ type: 'custom', metatype: Everything }, 'x')).toBe('x');
  expect(read({ type: 'body', metatype: Object }, [1])).toEqual([1]);
});
