import { RequestMethod, type Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { accessOf } from '../auth/access.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

type Handler = () => unknown;

/**
 * Puts the interceptor before every POST that writes, whoever adds it, and before nothing else: an interceptor of all routes would cost
 * each read a chain of observables, some 30 µs, for nothing.
 */
export function interceptWritingPosts(discovery: DiscoveryService, scanner: MetadataScanner, interceptor: IdempotencyInterceptor): void {
  for (const { metatype } of discovery.getControllers()) {
    if (typeof metatype !== 'function') continue;
    const prototype = metatype.prototype as Record<string, Handler>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler = prototype[name];
      if (handler !== undefined && isWritingPost(metatype as Type, handler)) putBefore(handler, interceptor);
    }
  }
}

function isWritingPost(controller: Type, handler: Handler): boolean {
  if (Reflect.getMetadata(METHOD_METADATA, handler) !== RequestMethod.POST) return false;
  const { reads, repeatable } = accessOf({ getHandler: () => handler, getClass: <T>() => controller as Type<T> });
  return !reads && !repeatable;
}

/** In the place of one that another application in this process has put there. */
function putBefore(handler: Handler, interceptor: IdempotencyInterceptor): void {
  const others = ((Reflect.getMetadata(INTERCEPTORS_METADATA, handler) as object[] | undefined) ?? []).filter((other) => !(other instanceof IdempotencyInterceptor));
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [interceptor, ...others], handler);
}
