import { SetMetadata } from '@nestjs/common';

/** Who may call a controller. A controller that says nothing is for operators: forgetting to say must not open it. */
export type Access = 'public' | 'operator' | 'product';

export const ACCESS = 'nagaya:access';
export const READS = 'nagaya:reads';

/** No key is asked for. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Operator keys only; a product's key sees what is not there. */
export const OperatorOnly = () => SetMetadata(ACCESS, 'operator' satisfies Access);

/** Everything under `/v1/products/<id>/`: the product's own keys, and operators. */
export const ProductAccess = () => SetMetadata(ACCESS, 'product' satisfies Access);

/** A POST that changes nothing, so that a read-only key may call it. */
export const Reads = () => SetMetadata(READS, true);
