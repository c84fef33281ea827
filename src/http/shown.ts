import type { Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

interface ShownOptions {
  description: string;
  example?: unknown;
  /** What the property is: a kind, a list of the words it can be, or a class of its own. */
  as: 'text' | 'uuid' | 'instant' | 'integer' | 'number' | 'boolean' | 'json' | readonly string[] | (() => Type<unknown>);
  /** The property is a list of these. */
  list?: boolean;
  nullable?: boolean;
  /** The property may be missing from an answer. */
  optional?: boolean;
}

const SCHEMAS = {
  text: { type: 'string' },
  uuid: { type: 'string', format: 'uuid' },
  instant: { type: 'string', format: 'date-time' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  json: { type: 'object', additionalProperties: true },
} as const;

/**
 * Documents a property of an answer: of an entity, which is answered as it is, or of a class made for answering. The kind is
 * said in words and not taken from the TypeScript type, so the document is the same whatever compiled the code.
 */
export function Shown({ description, example, as, list = false, nullable = false, optional = false }: ShownOptions): PropertyDecorator {
  const kind = typeof as === 'string' ? SCHEMAS[as] : typeof as === 'function' ? { type: () => as() } : { type: 'string', enum: [...as] };
  return ApiProperty({
    description,
    ...kind,
    ...(example !== undefined && { example }),
    ...(list && { isArray: true }),
    ...(nullable && { nullable }),
    required: !optional,
  } as ApiPropertyOptions);
}
