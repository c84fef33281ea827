import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { AllowedMethods } from './allowed-methods.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuditLog } from './audit-log.js';
import { AuditInterceptor } from './audit.interceptor.js';
import { Authenticator } from './authenticator.js';
import { KeyCache } from './key-cache.js';
import { KeyUsage } from './key-usage.js';
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
    ProductStatuses,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
  ],
  exports: [ApiKeysService, AuditLog, ProductStatuses],
})
export class AuthModule {}
