import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Databases } from '../database/databases.js';
import { SchemaReadiness } from '../database/migrations/schema-readiness.js';
import { AppError, notFound } from '../errors/app-error.js';
import { accessOf, READING_METHODS } from './access.js';
import { unauthenticated } from './authenticator.js';
import type { Principal } from './principal.js';
import { ProductQuotas } from './product-quotas.js';
import { ProductStatuses, type ProductState } from './product-status.js';

/**
 * Decides about every request before its handler does. What a key may not see is answered exactly like what is not
 * there. The order matters: first who asks, then whether it is theirs, and only then the product's state.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly databases: Databases,
    private readonly statuses: ProductStatuses,
    private readonly readiness: SchemaReadiness,
    private readonly quotas: ProductQuotas,
  ) {}

  /** At once where all that it asks for is known, as it mostly is: then no promise is made for a request. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { access, reads: onlyReads } = accessOf(context);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (principal === undefined) throw unauthenticated();
    if (access === 'operator' && principal.productId !== null) throw notFound();
    const reads = onlyReads || READING_METHODS.has(request.method);
    if (access === 'operator') return mustBeAllowed(principal, reads);
    const productId = productOf(request);
    const isTheirs = principal.productId === null || principal.productId === productId;
    if (!isTheirs || !this.databases.serves(productId)) throw notFound();
    const state = this.statuses.of(productId);
    if (state instanceof Promise) return state.then((known) => this.enter(request, productId, principal, reads, known));
    return this.enter(request, productId, principal, reads, state);
  }

  private enter(request: FastifyRequest, productId: string, principal: Principal, reads: boolean, state: ProductState | undefined): boolean | Promise<boolean> {
    mustBeOpen(state);
    const admit = (isReady: boolean): boolean | Promise<boolean> => {
      if (!isReady) {
        throw new AppError('product_not_ready', 'This product is not ready: its migrations are not those of this release. An operator runs "nagaya migrate".', { retryAfter: 5 });
      }
      mustBeAllowed(principal, reads);
      // After the key's own rights, so that a key that may not write learns nothing of the product's limits.
      const grows = !reads && request.method !== 'DELETE' && growsProduct(request);
      return grows ? this.quotas.assertRoom(productId).then(() => true) : true;
    };
    const isReady = this.readiness.isProductReady(productId);
    return isReady instanceof Promise ? isReady.then(admit) : admit(isReady);
  }
}

function mustBeAllowed({ permissions }: Principal, reads: boolean): true {
  if (permissions.includes(reads ? 'read' : 'write')) return true;
  throw new AppError('forbidden', `This key may not ${reads ? 'read' : 'write'}. Use one with that permission.`);
}

function mustBeOpen(state: ProductState | undefined): void {
  if (state?.status === 'archived') {
    throw new AppError('product_archived', 'This product is archived. Its data is kept as it was; an operator can bring it back.');
  }
  if (state?.status === 'suspended') {
    throw new AppError('product_suspended', 'This product is suspended. Its data is untouched; an operator can resume it.');
  }
  if (state?.restored === true) {
    throw new AppError('product_not_ready', 'This product is being restored from a backup. Try again shortly.', { retryAfter: 10 });
  }
}

/** The routes that every product has write into the shared schemas, whose rows are kept by age. */
function growsProduct(request: FastifyRequest): boolean {
  return productPartOf(request).parameter === undefined;
}

/** How an address says which product it is for: in its own text, or by the name of a parameter. Worked out once for each. */
interface ProductPart {
  readonly id?: string;
  readonly parameter?: string;
}

const productParts = new Map<string, ProductPart>();

function productPartOf(request: FastifyRequest): ProductPart {
  const url = request.routeOptions.url ?? '';
  let part = productParts.get(url);
  if (part === undefined) {
    const segment = url.split('/')[3] ?? '';
    part = segment.startsWith(':') ? { parameter: segment.slice(1) } : { id: segment };
    productParts.set(url, part);
  }
  return part;
}

/** `/v1/products/<id>/…`, whether the route names the product or takes it as a parameter. */
export function productOf(request: FastifyRequest): string {
  const { id, parameter = '' } = productPartOf(request);
  return id ?? (request.params as Record<string, string | undefined>)[parameter] ?? '';
}
