import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '../../auth/access.js';
import { Answered } from '../../http/answers.js';
import { AnswersPageOf, decodeCursor, encodeCursor, PageQuery, type Page } from '../../http/paging.js';
import { ProductPath } from '../../http/product-path.js';
import { ProductState } from './product.dto.js';
import { Product } from './product.entity.js';
import { ProductsService } from './products.service.js';

@ApiTags('Products')
@OperatorOnly()
@Controller('v1/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @ApiOperation({ summary: 'List products, by id' })
  @AnswersPageOf(ProductState)
  async list(@Query() query: PageQuery): Promise<Page<ProductState>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ([id, ...rest]) => (rest.length === 0 ? id : undefined));
    const { items, next } = await this.products.list(query.limit, after);
    return { items, nextCursor: next === null ? null : encodeCursor([next]) };
  }

  @Get(':productId')
  @ApiOperation({ summary: 'Read the state of a product' })
  @Answered(ProductState)
  get(@ProductPath() productId: string): Promise<ProductState> {
    return this.products.get(productId);
  }

  @Post(':productId/suspend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take a product out of service', description: 'Its requests answer 403 product_suspended; its data is untouched.' })
  @Answered(Product)
  suspend(@ProductPath() productId: string): Promise<Product> {
    return this.products.suspend(productId);
  }

  @Post(':productId/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Bring a product back into service' })
  @Answered(Product)
  resume(@ProductPath() productId: string): Promise<Product> {
    return this.products.resume(productId);
  }
}
