import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';

/** Who may call a controller. A controller that says nothing is for operators: forgetting to say must not open it. */
export type Access = 'public' | 'operator' | 'product';

export const ACCESS = 'nagaya:access';
export const READS = 'nagaya:reads';
/** The same for readers of the OpenAPI document. */
export const READS_EXTENSION = 'x-reads-only';

/** No key is asked for. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Operator keys only; a product's key sees what is not there. */
export const OperatorOnly = () => SetMetadata(ACCESS, 'operator' satisfies Access);

/** Everything under `/v1/products/<id>/`: the product's own keys, and operators. */
export const ProductAccess = () => SetMetadata(ACCESS, 'product' satisfies Access);

/** Methods that change nothing, whatever the route; Fastify answers HEAD wherever there is a GET. */
export const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A POST that changes nothing, so that a read-only key may call it. */
export const Reads = () => applyDecorators(SetMetadata(READS, true), ApiExtension(READS_EXTENSION, true));

export const ONCE = 'nagaya:once';

/** A property of an answer that is shown once: an answer that is repeated for an Idempotency-Key comes without it. */
export const Once = (property: string) => SetMetadata(ONCE, property);

export const AUDITED = 'nagaya:audited';

/** Written into the audit log whoever asks, a product's own keys too: what can't be taken back. */
export const Audited = () => SetMetadata(AUDITED, true);

export const REPEATABLE = 'nagaya:repeatable';

/** A POST that may be sent twice as it is: an Idempotency-Key is taken and nothing is recorded for it. */
export const Repeatable = () => SetMetadata(REPEATABLE, true);

/** What a handler and its controller have been marked with. */
export interface HandlerAccess {
  readonly access: Access;
  readonly reads: boolean;
  /** The property of its answer that is shown once, if any. */
  readonly once: string | undefined;
  /** Written down whoever asks. */
  readonly audited: boolean;
  /** Nothing is recorded for an Idempotency-Key. */
  readonly repeatable: boolean;
}

const reflector = new Reflector();
/**
 * Marks never change once classes are made, and looking them up on each request takes a walk along the prototypes. By class and
 * handler: controllers that inherit a handler from one parent may be marked differently.
 */
const known = new WeakMap<object, Map<object, HandlerAccess>>();

export function accessOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): HandlerAccess {
  const handler = context.getHandler();
  const controller = context.getClass();
  let ofController = known.get(controller);
  if (ofController === undefined) known.set(controller, (ofController = new Map()));
  let found = ofController.get(handler);
  if (found === undefined) {
    const places = [handler, controller];
    found = {
      access: reflector.getAllAndOverride<Access | undefined>(ACCESS, places) ?? 'operator',
      reads: reflector.getAllAndOverride<boolean | undefined>(READS, places) === true,
      once: reflector.get<string | undefined>(ONCE, handler),
      audited: reflector.getAllAndOverride<boolean | undefined>(AUDITED, places) === true,
      repeatable: reflector.getAllAndOverride<boolean | undefined>(REPEATABLE, places) === true,
    };
    ofController.set(handler, found);
  }
  return found;
}
