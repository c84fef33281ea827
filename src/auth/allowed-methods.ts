import { Injectable, RequestMethod, type OnModuleInit } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { Databases } from '../database/databases.js';
import { ACCESS, type Access } from './access.js';
import type { Principal } from './principal.js';

interface Route {
  readonly segments: readonly string[];
  readonly method: string;
  readonly access: Access;
}

/** Which methods an address takes, for an answer to one that it does not take. Tells nobody of addresses that are not theirs. */
@Injectable()
export class AllowedMethods implements OnModuleInit {
  private readonly routes: Route[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, () => unknown>;
      for (const name of this.scanner.getAllMethodNames(prototype)) this.add(metatype, prototype[name]);
    }
  }

  /** @param url as it was asked for; @returns none where nothing is there that the holder of this key may know of */
  of(url: string, principal: Principal | undefined): string[] {
    const asked = segmentsOf(url.split('?')[0] ?? '').map(decoded);
    const known = this.routes.filter((route) => leadsTo(route.segments, asked) && this.mayKnow(route, asked, principal));
    const methods = new Set(known.map((route) => route.method));
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].toSorted();
  }

  private add(controller: object, handler: (() => unknown) | undefined): void {
    const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
    if (handler === undefined || method === undefined) return;
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, controller as () => unknown]) ?? 'operator';
    for (const base of pathsAt(controller)) {
      for (const path of pathsAt(handler)) {
        this.routes.push({ segments: segmentsOf(`/${base}/${path}`.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')), method: RequestMethod[method], access });
      }
    }
  }

  /** The rules of the guard, without asking the database. */
  private mayKnow({ access }: Route, asked: readonly string[], principal: Principal | undefined): boolean {
    if (access === 'public') return true;
    if (principal === undefined) return false;
    if (access === 'operator') return principal.productId === null;
    const product = asked[2] ?? '';
    return this.databases.serves(product) && (principal.productId === null || principal.productId === product);
  }
}

function pathsAt(target: object): string[] {
  return [(Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined) ?? ''].flat();
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function leadsTo(segments: readonly string[], asked: readonly string[]): boolean {
  return segments.length === asked.length && segments.every((segment, index) => (segment.startsWith(':') ? asked[index] !== '' : segment === asked[index]));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
