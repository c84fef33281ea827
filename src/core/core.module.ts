import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { AiSystemsController } from './ai-systems/ai-systems.controller.js';
import { AiSystemsService } from './ai-systems/ai-systems.service.js';
import { EventsController } from './events/events.controller.js';
import { EventsService } from './events/events.service.js';
import { ProductsController } from './products/products.controller.js';
import { ProductsService } from './products/products.service.js';
import { QuotaRule } from './products/quota-rule.js';
import { QuotasController } from './products/quotas.controller.js';
import { ProductTemplatesController } from './template-configs/product-templates.controller.js';
import { TemplateConfigsController } from './template-configs/template-configs.controller.js';
import { TemplateConfigsService } from './template-configs/template-configs.service.js';

/** What every product shares. */
@Module({
  imports: [AlertsModule, AuthModule],
  controllers: [AiSystemsController, EventsController, ProductsController, ProductTemplatesController, QuotasController, TemplateConfigsController],
  providers: [AiSystemsService, EventsService, ProductsService, QuotaRule, TemplateConfigsService],
})
export class CoreModule {}
