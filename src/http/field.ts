import type { Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { getMetadataStorage, ValidateBy, ValidationTypes } from 'class-validator';
import type { FieldError } from '../errors/app-error.js';

/** What every field decorator takes. The description and the example are what `/docs` shows. */
export interface FieldOptions<T = unknown> {
  description: string;
  example?: T;
  /** The property may be absent. `null` is refused all the same, unless `nullable`. */
  optional?: boolean;
  nullable?: boolean;
}

/** A value that was not accepted: a sentence for each place, its pointer leading on from the field (`''` is the field itself). */
export class Refusal {
  constructor(readonly problems: readonly FieldError[]) {}
}

/** The sentence goes on from the field's name: "must be …", "is required". */
export function refuse(detail: string, pointer = ''): Refusal {
  return new Refusal([{ pointer, detail }]);
}

/** How one kind of field is read. Checking and converting are one step, so that nothing is parsed twice. */
export interface FieldKind {
  /** Gives the value as the service gets it, or a Refusal. Never sees undefined or null. */
  read(value: unknown): unknown;
  /** For queries, where everything is text: the JSON value that the text stands for, or the text itself if it stands for none. */
  fromText?(text: string): unknown;
  /** In a query the name may be given more than once. */
  repeatable?: boolean;
  /** Stands in for an absent property; makes the field optional. */
  default?: unknown;
}

export interface Field extends FieldKind {
  readonly name: string;
}

const RULE = 'field';

/** Objects that `readObject` has made: their fields hold converted values and are not to be checked a second time. */
export const alreadyRead = new WeakSet<object>();

/** The one place where a field becomes a rule of class-validator and a property of the OpenAPI document. */
export function declareField(kind: FieldKind, options: FieldOptions, schema: ApiPropertyOptions): PropertyDecorator {
  const optional = options.optional === true || kind.default !== undefined;
  return (target, property) => {
    const field: Field = {
      ...kind,
      name: String(property),
      read: (value) => {
        if (value === undefined) return optional ? fresh(kind.default) : refuse('is required');
        if (value === null) return options.nullable ? null : refuse('must not be null');
        return kind.read(value);
      },
    };
    ValidateBy({
      name: RULE,
      constraints: [field],
      validator: {
        validate: (value, args) => (args !== undefined && alreadyRead.has(args.object)) || !(field.read(value) instanceof Refusal),
        defaultMessage: () => `${field.name} is not valid`,
      },
    })(target, property);
    ApiProperty({
      description: options.description,
      required: !optional,
      ...(options.example !== undefined && { example: options.example }),
      ...(options.nullable && { nullable: true }),
      ...(kind.default !== undefined && { default: kind.default }),
      ...schema,
    } as ApiPropertyOptions)(target, property);
  };
}

/** A default object is copied, so that no two requests share one. */
function fresh(value: unknown): unknown {
  return typeof value === 'object' ? structuredClone(value) : value;
}

export interface DeclaredFields {
  readonly byName: ReadonlyMap<string, Field>;
  /** The class carries rules of class-validator beside its fields, which hold whatever is given. */
  readonly hasOtherRules: boolean;
  /** Properties that carry rules which hold only where the property is given. */
  readonly ruledWhereGiven: readonly string[];
}

/** For a rule that says yes where its property is absent: class-validator need not be asked then, which takes longer than reading the object. */
export const WHERE_GIVEN = { context: { whereGiven: true } };

const declared = new WeakMap<object, DeclaredFields>();

/**
 * The fields of a class, its parents' included. They live in class-validator's storage, so PickType, OmitType and PartialType
 * of @nestjs/swagger carry them on; what PartialType makes optional gets no default.
 */
export function fieldsOf(type: Type<unknown>): DeclaredFields {
  const cached = declared.get(type);
  if (cached) return cached;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const fieldRules = rules.filter((rule) => rule.name === RULE);
  const conditional = rules.filter((rule) => rule.type === ValidationTypes.CONDITIONAL_VALIDATION);
  const mayBeAbsent = new Set(conditional.map((rule) => rule.propertyName));
  const others = rules.filter((rule) => !fieldRules.includes(rule) && !conditional.includes(rule));
  const whereGiven = others.filter((rule) => (rule.context as Partial<typeof WHERE_GIVEN.context> | undefined)?.whereGiven === true);
  const fields = {
    byName: new Map(fieldRules.map((rule) => [rule.propertyName, whenPresent(rule.constraints[0] as Field, mayBeAbsent)])),
    hasOtherRules: others.length > whereGiven.length,
    ruledWhereGiven: [...new Set(whereGiven.map((rule) => rule.propertyName))],
  };
  declared.set(type, fields);
  return fields;
}

function whenPresent(field: Field, mayBeAbsent: ReadonlySet<string>): Field {
  return mayBeAbsent.has(field.name) ? { ...field, read: (value) => (value === undefined ? undefined : field.read(value)) } : field;
}
