import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { OperatorOnly, ProductAccess } from '../../auth/access.js';
import { ProductQuotas } from '../../auth/product-quotas.js';
import { Databases } from '../../database/databases.js';
import { Answered } from '../../http/answers.js';
import { ProductPath } from '../../http/product-path.js';
import { QuotaReport, SetQuota } from './quota.dto.js';
import { setProductQuota } from './set-product-quota.js';

@ApiTags('Products')
@Controller('v1/products/:productId/quota')
export class QuotasController {
  constructor(
    private readonly quotas: ProductQuotas,
    private readonly databases: Databases,
  ) {}

  @Get()
  @ProductAccess()
  @ApiOperation({ summary: 'Read what a product may hold, and holds' })
  @Answered(QuotaReport, 'The limits and what is used of them.')
  get(@ProductPath() productId: string): Promise<QuotaReport> {
    return this.quotas.usageOf(productId);
  }

  @Put()
  @OperatorOnly()
  @ApiOperation({ summary: 'Set what a product may hold', description: 'Takes the place of what its manifest says, on every replica within seconds. Nothing that is there is lost.' })
  @Answered(QuotaReport, 'The limits and what is used of them.')
  async set(@ProductPath() productId: string, @Body() body: SetQuota): Promise<QuotaReport> {
    await setProductQuota(this.databases.control, productId, body.maxBytes, body.maxRows);
    this.quotas.forget(productId);
    return this.quotas.usageOf(productId);
  }
}
