import { TextPath } from './path-params.js';

/** `:productId` of the routes that every product has. Which products there are is the guard's business. */
export function ProductPath(): ParameterDecorator {
  return TextPath('productId', { description: 'The product.', example: 'coding_rule2', max: 31 });
}
