import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Observation } from '../../alerts/rules/alert-rule.js';
import { AlertRules } from '../../alerts/rules/alert-rules.js';
import { ProductQuotas } from '../../auth/product-quotas.js';
import { HOUSE } from '../../database/database.module.js';
import type { House } from '../../database/migrator.js';

/** Tells before a product's writes are refused. */
@Injectable()
export class QuotaRule implements OnModuleInit {
  constructor(
    private readonly rules: AlertRules,
    private readonly quotas: ProductQuotas,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    this.rules.add({ id: 'quota-nearly-used', title: 'Quota nearly used up', severity: 'warning', forSeconds: 0, evaluate: () => this.look() });
  }

  private async look(): Promise<Observation[]> {
    const seen: Observation[] = [];
    for (const { id } of this.house.products) {
      const { maxBytes, maxRows, bytes, rows, state } = await this.quotas.usageOf(id);
      if (maxBytes === null && maxRows === null) continue;
      const used = [...(maxBytes === null ? [] : [`${bytes} of ${maxBytes} bytes`]), ...(maxRows === null ? [] : [`${rows} of ${maxRows} rows`])].join(' and ');
      const consequence = state === 'exceeded' ? 'Its writes are refused.' : 'At the limit its writes are refused.';
      seen.push({ productId: id, state: state === 'ok' ? 'ok' : 'breached', message: `${id} uses ${used}. ${consequence} Set another limit with "nagaya product quota", or delete what is not needed.` });
    }
    return seen;
  }
}
