import { Inject, Injectable } from '@nestjs/common';
import { HOUSE } from '../../database/database.module.js';
import { Databases } from '../../database/databases.js';
import type { AlertRuleChoice } from '../../database/manifest.js';
import type { House } from '../../database/migrator.js';
import { DEFAULT_REPEAT_SECONDS, type AlertRule, type RuleSettings } from './alert-rule.js';
import type { RuleSetting } from './rule-setting.entity.js';

/** Stands for all products that say nothing of their own. */
export const ALL_PRODUCTS = '*';

/** Where a setting that is in force comes from, the nearest first. */
export type SettingSource = 'product' | 'manifest' | 'all' | 'default';

/** What of a rule its settings start from. */
export type RuleDefaults = Pick<AlertRule, 'id' | 'severity' | 'forSeconds' | 'repeatSeconds' | 'threshold'>;

/** What was set, read at one moment. */
export interface OpenRuleBook {
  settingsOf(rule: RuleDefaults, productId: string | null): RuleSettings;
  /** The nearest place that says anything of the rule. */
  sourceOf(ruleId: string, productId: string | null): SettingSource;
}

/**
 * How each rule treats each product: what operators set for the product, else what its manifest declares, else what
 * operators set for all, else the rule's own default.
 */
@Injectable()
export class RuleBook {
  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  async open(): Promise<OpenRuleBook> {
    const rows = await this.databases.control.query<RuleSetting>(
      `SELECT rule_id AS "ruleId", product_id AS "productId", enabled, severity, for_seconds AS "forSeconds",
              repeat_seconds AS "repeatSeconds", threshold, set_at AS "setAt"
         FROM monitoring.alert_rule_settings`,
    );
    const set = new Map(rows.map((row) => [keyOf(row.ruleId, row.productId), row]));
    return {
      sourceOf: (ruleId, productId) => {
        if (productId !== null && set.has(keyOf(ruleId, productId))) return 'product';
        if (this.declared(ruleId, productId) !== undefined) return 'manifest';
        return set.has(keyOf(ruleId, ALL_PRODUCTS)) ? 'all' : 'default';
      },
      settingsOf: (rule, productId) => {
        const own = productId === null ? undefined : set.get(keyOf(rule.id, productId));
        return settle(rule, [own, this.declared(rule.id, productId), set.get(keyOf(rule.id, ALL_PRODUCTS))]);
      },
    };
  }

  private declared(ruleId: string, productId: string | null): AlertRuleChoice | undefined {
    return this.house.products.find((product) => product.id === productId)?.alerts?.[ruleId];
  }
}

type Choice = { readonly [Key in keyof AlertRuleChoice]: AlertRuleChoice[Key] | null };

function settle(rule: RuleDefaults, choices: readonly (Choice | undefined)[]): RuleSettings {
  return {
    enabled: nearest(choices, (choice) => choice.enabled) ?? true,
    severity: nearest(choices, (choice) => choice.severity) ?? rule.severity,
    forSeconds: nearest(choices, (choice) => choice.forSeconds) ?? rule.forSeconds,
    repeatSeconds: nearest(choices, (choice) => choice.repeatSeconds) ?? rule.repeatSeconds ?? DEFAULT_REPEAT_SECONDS,
    threshold: nearest(choices, (choice) => choice.threshold) ?? rule.threshold?.default ?? null,
  };
}

function nearest<T>(choices: readonly (Choice | undefined)[], read: (choice: Choice) => T | null | undefined): T | undefined {
  for (const choice of choices) {
    const value = choice === undefined ? undefined : read(choice);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function keyOf(ruleId: string, productId: string): string {
  return `${ruleId} ${productId}`;
}
