import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { AllowedMethods } from './allowed-methods.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuditLog } from './audit-log.js';
import { AuditGuard } from './audit.guard.js';
import { Authenticator } from './authenticator.js';
import { KeyCache } from './key-cache.js';
import { KeyUsage } from './key-usage.js';
import { ProductQuotas } from './product-quotas.js';
import { ProductStatuses } from './product-status.js';

/** Keys, and the guard that stands before every route. */
@Module({
  imports: [DiscoveryModule],
  controllers: [ApiKeysController],
  providers: [
    AllowedMethods,
    ApiKeysService,
    AuditLog,
    Authenticator,
    KeyCache,
    KeyUsage,
    ProductQuotas,
    ProductStatuses,
    // In this order: what an operator may not do is not written down as done.
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: AuditGuard },
  ],
  exports: [ApiKeysService, AuditLog, ProductQuotas, ProductStatuses],
})
export class AuthModule {}
