import type { Type } from '@nestjs/common';
import type { FieldError } from '../errors/app-error.js';
import { countProblem } from './count.js';
import { declareField, Refusal, refuse, type FieldOptions } from './field.js';
import { pointerTo } from './pointer.js';
import { MAX_PROBLEMS, problemsAt, readObject } from './read-object.js';

/** A batch: `min` to `max` objects of a class whose properties are fields. All are read; the pointers say which ones are wrong. */
export function ItemsField<T extends object>(
  options: FieldOptions & { type: () => Type<T>; min: number; max: number },
): PropertyDecorator {
  const { min, max } = options;
  return declareField(
    {
      read: (value) => {
        if (!Array.isArray(value)) return refuse('must be a list of objects');
        const count = countProblem(value.length, min, max, 'item');
        return count === undefined ? readItems(options.type(), value) : refuse(count);
      },
    },
    options,
    { type: () => [options.type()], minItems: min, maxItems: max },
  );
}

function readItems<T extends object>(type: Type<T>, values: readonly unknown[]): T[] | Refusal {
  const items: T[] = [];
  const problems: FieldError[] = [];
  for (let i = 0; i < values.length && problems.length < MAX_PROBLEMS; i++) {
    const item = readObject(type, values[i]);
    if (item instanceof Refusal) problems.push(...problemsAt(pointerTo(i), item));
    else items.push(item);
  }
  return problems.length > 0 ? new Refusal(problems) : items;
}

/** An object of a class whose properties are fields; the pointers of what is wrong lead into it. */
export function ObjectField<T extends object>(options: FieldOptions & { type: () => Type<T> }): PropertyDecorator {
  return declareField({ read: (value) => readObject(options.type(), value) }, options, { type: () => options.type() });
}
