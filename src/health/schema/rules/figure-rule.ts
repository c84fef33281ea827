import type { AlertRule, Observation, RuleContext, RuleSettings } from '../../../alerts/rules/alert-rule.js';
import type { HealthStatus } from '../../../monitoring/schema-health/schema-health.entity.js';
import type { SchemaFigures } from '../schema-figures.js';

export type Finding = Omit<Observation, 'productId' | 'subject'>;

/** A rule that the figures of one schema decide. Declared once; the alert and the status of a check both follow from it. */
export interface FigureRule extends Omit<AlertRule, 'evaluate'> {
  /** Also for `core` and `monitoring`, which no product's thresholds fit. */
  readonly sharedToo: boolean;
  /** Undefined: nothing to say about this schema. */
  readonly find: (figures: SchemaFigures, threshold: number | null) => Finding | undefined;
}

export interface LatestFigures {
  /** The newest check of each schema. */
  latest(): Promise<readonly SchemaFigures[]>;
}

/** A check older than this says nothing about now: three sweeps were missed. */
export const STALE_SECONDS = 900;

/** @param isProduct false for `core` and `monitoring` */
export function alertRuleOf(rule: FigureRule, source: LatestFigures, isProduct: (id: string) => boolean): AlertRule {
  const { find, sharedToo, ...declared } = rule;
  return {
    ...declared,
    evaluate: async (now: Date, context: RuleContext) => {
      const figures = (await source.latest()).filter(({ productId }) => sharedToo || isProduct(productId));
      return figures.flatMap((each) => {
        const found = find(each, context.settingsOf(each.productId).threshold);
        if (found === undefined) return [];
        const isStale = now.getTime() - each.checkedAt.getTime() > STALE_SECONDS * 1_000;
        return [{ productId: each.productId, ...(isStale ? stale(each) : found) }];
      });
    },
  };
}

function stale({ checkedAt }: SchemaFigures): Finding {
  return { state: 'no_data', message: `It was last checked at ${checkedAt.toISOString()}.` };
}

/** How a schema is, by what the rules say of this one look; how long it has been so is the alerts' business. */
export function statusOf(
  figures: SchemaFigures,
  rules: readonly FigureRule[],
  isProduct: boolean,
  settingsOf: (rule: FigureRule) => RuleSettings,
): HealthStatus {
  const broken = rules.flatMap((rule) => {
    if (!isProduct && !rule.sharedToo) return [];
    const settings = settingsOf(rule);
    return settings.enabled && rule.find(figures, settings.threshold)?.state === 'breached' ? [settings.severity] : [];
  });
  if (broken.includes('critical')) return 'critical';
  if (broken.includes('warning')) return 'warning';
  return figures.recordCount === null || figures.schemaSizeBytes === null ? 'unknown' : 'ok';
}
