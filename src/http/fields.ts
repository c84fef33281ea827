import { countProblem } from './count.js';
import { declareField, refuse, type FieldOptions } from './field.js';
import { pointerTo } from './pointer.js';
import { isJsonObject } from './read-object.js';
import { textProblem, type TextRules } from './text.js';
import { readUuid } from './uuid.js';

export { EmbeddingField } from './embedding.js';
export { InstantField } from './instant.js';
export { ItemsField, ObjectField } from './items.js';

/** Text of `min` (1 unless given) to `max` characters, counted as PostgreSQL counts them; no NUL, no lone surrogate. */
export function TextField(options: FieldOptions<string> & TextRules & { default?: string }): PropertyDecorator {
  const { max, min = 1, pattern } = options;
  return declareField(
    {
      read: (value) => {
        const problem = textProblem(value, options);
        return problem === undefined ? value : refuse(problem);
      },
      default: options.default,
    },
    options,
    { type: 'string', minLength: min, maxLength: max, ...(pattern && { pattern: pattern.matches.source }) },
  );
}

/** One of a few fixed words. */
export function OneOfField<const V extends string>(
  options: FieldOptions<V> & { values: readonly V[]; default?: V },
): PropertyDecorator {
  const words = new Set<unknown>(options.values);
  const detail = `must be one of ${options.values.join(', ')}`;
  return declareField(
    { read: (value) => (words.has(value) ? value : refuse(detail)), default: options.default },
    options,
    { type: 'string', enum: [...options.values] },
  );
}

/** A whole number from `min` to `max`. A text such as "5" is one in a query, not in a body. */
export function IntegerField(options: FieldOptions<number> & { min: number; max: number; default?: number }): PropertyDecorator {
  const { min, max } = options;
  const detail = `must be a whole number from ${min} to ${max}`;
  return declareField(
    {
      read: (value) => (Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? value : refuse(detail)),
      fromText: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : text),
      default: options.default,
    },
    options,
    { type: 'integer', minimum: min, maximum: max },
  );
}

/** Any finite number, within `min` and `max` where given. */
export function NumberField(options: FieldOptions<number> & { min?: number; max?: number; default?: number }): PropertyDecorator {
  const { min = -Infinity, max = Infinity } = options;
  const detail = `must be a number${options.min === undefined ? '' : `, at least ${min}`}${options.max === undefined ? '' : `, at most ${max}`}`;
  return declareField(
    {
      read: (value) => (Number.isFinite(value) && (value as number) >= min && (value as number) <= max ? value : refuse(detail)),
      fromText: (text) => (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text),
      default: options.default,
    },
    options,
    {
      type: 'number',
      ...(options.min !== undefined && { minimum: min }),
      ...(options.max !== undefined && { maximum: max }),
    },
  );
}

/** `true` or `false`; in a query those two words. */
export function BooleanField(options: FieldOptions<boolean> & { default?: boolean }): PropertyDecorator {
  return declareField(
    {
      read: (value) => (typeof value === 'boolean' ? value : refuse('must be true or false')),
      fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
      default: options.default,
    },
    options,
    { type: 'boolean' },
  );
}

/** A JSON object of the client's own making. What its texts and keys may hold is checked with the body (`json-body.ts`). */
export function JsonField(
  options: FieldOptions<Readonly<Record<string, unknown>>> & { default?: Readonly<Record<string, unknown>> },
): PropertyDecorator {
  return declareField(
    {
      read: (value) => (isJsonObject(value) ? value : refuse('must be a JSON object')),
      default: options.default,
    },
    options,
    { type: 'object', additionalProperties: true },
  );
}

/** A list of texts, each of 1 to `maxLength` characters. In a query the name is repeated: `?tag=a&tag=b`. */
export function TextListField(
  options: FieldOptions<readonly string[]> & { maxItems: number; maxLength: number; minItems?: number },
): PropertyDecorator {
  const { maxItems, maxLength, minItems = 0 } = options;
  return declareField(
    {
      repeatable: true,
      fromText: (text) => [text],
      read: (value) => {
        if (!Array.isArray(value)) return refuse('must be a list of texts');
        const count = countProblem(value.length, minItems, maxItems, 'text');
        if (count !== undefined) return refuse(count);
        for (const [index, text] of value.entries()) {
          const problem = textProblem(text, { max: maxLength });
          if (problem !== undefined) return refuse(problem, pointerTo(index));
        }
        return value;
      },
    },
    options,
    { type: 'array', minItems, maxItems, items: { type: 'string', minLength: 1, maxLength } },
  );
}

/** Any version of UUID in its usual form; handed on in lower case, as PostgreSQL writes it. */
export function UuidField(options: FieldOptions<string>): PropertyDecorator {
  const detail = 'must be a UUID, such as 0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e';
  return declareField({ read: (value) => readUuid(value) ?? refuse(detail) }, options, { type: 'string', format: 'uuid' });
}
