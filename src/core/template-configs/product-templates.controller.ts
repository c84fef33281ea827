import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../auth/access.js';
import { Answered } from '../../http/answers.js';
import { TextPath } from '../../http/path-params.js';
import { ProductPath } from '../../http/product-path.js';
import { TemplateConfig } from './template-config.entity.js';
import { TemplateConfigsService } from './template-configs.service.js';

@ApiTags('Templates')
@ProductAccess()
@Controller('v1/products/:productId/templates')
export class ProductTemplatesController {
  constructor(private readonly templates: TemplateConfigsService) {}

  @Get(':templateType')
  @ApiOperation({ summary: 'Read the active version of a common template' })
  @Answered(TemplateConfig)
  active(
    @ProductPath() productId: string,
    @TextPath('templateType', { description: 'Which template.', example: 'code-review', max: 50 }) templateType: string,
  ): Promise<TemplateConfig> {
    return this.templates.active(productId, templateType);
  }
}
