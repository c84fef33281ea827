import type { INestApplicationContext } from '@nestjs/common';
import type { Alert, AlertState } from '../alerts/alert.entity.js';
import { AlertsService, type AlertFilter } from '../alerts/alerts.service.js';
import { AlertRules } from '../alerts/rules/alert-rules.js';
import { HOUSE } from '../database/database.module.js';
import type { Place } from '../database/keyset.js';
import type { House } from '../database/migrator.js';
import { UsageError } from './usage-error.js';

const PAGE = 100;

/** Every alert in one of these states, not a page of them: whoever reads the list takes what is not in it for well. */
export async function allAlerts(parts: INestApplicationContext, states: readonly AlertState[], filter: AlertFilter = {}): Promise<Alert[]> {
  const service = parts.get(AlertsService, { strict: false });
  const found: Alert[] = [];
  for (const state of states) {
    let after: Place | undefined;
    do {
      const page = await service.list({ ...filter, state }, PAGE, after);
      found.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
  }
  return found;
}

/** A rule or product that is mistyped has no alerts, which would read as if all were well. */
export function refuseUnknown(parts: INestApplicationContext, { product, rule }: { product?: string; rule?: string }): void {
  const rules = parts.get(AlertRules, { strict: false }).all();
  if (rule !== undefined && !rules.some(({ id }) => id === rule)) {
    throw new UsageError(`There is no rule "${rule}". There are: ${rules.map(({ id }) => id).join(', ')}.`);
  }
  const { shared, products } = parts.get<House>(HOUSE, { strict: false });
  const ids = [...shared, ...products].map(({ id }) => id);
  if (product !== undefined && !ids.includes(product)) throw new UsageError(`There is no product "${product}". There are: ${ids.join(', ')}.`);
}
