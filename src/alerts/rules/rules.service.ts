import { Inject, Injectable } from '@nestjs/common';
import { HOUSE } from '../../database/database.module.js';
import { Databases } from '../../database/databases.js';
import type { AlertRuleChoice } from '../../database/manifest.js';
import type { House } from '../../database/migrator.js';
import { invalid, notFound } from '../../errors/app-error.js';
import type { AlertRule } from './alert-rule.js';
import { AlertRules } from './alert-rules.js';
import { ALL_PRODUCTS, RuleBook } from './rule-book.js';
import type { RuleState } from './rule.dto.js';

/** The rules as they are in force, and what operators set of them at run time. */
@Injectable()
export class RulesService {
  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
    private readonly book: RuleBook,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  /** @throws AppError `not_found` for a product that there is not */
  async list(productId: string | null): Promise<RuleState[]> {
    this.checkProduct(productId);
    const book = await this.book.open();
    const evaluations = await this.databases.control.query<{ ruleId: string; evaluatedAt: Date; error: string | null }>(
      `SELECT rule_id AS "ruleId", evaluated_at AS "evaluatedAt", error FROM monitoring.alert_evaluations`,
    );
    return this.rules.all().map((rule) => {
      const evaluation = evaluations.find((row) => row.ruleId === rule.id);
      return {
        ruleId: rule.id,
        title: rule.title,
        productId,
        ...book.settingsOf(rule, productId),
        unit: rule.threshold?.unit ?? null,
        source: book.sourceOf(rule.id, productId),
        evaluatedAt: evaluation?.evaluatedAt ?? null,
        error: evaluation?.error ?? null,
      };
    });
  }

  /**
   * Replaces what is set for that product, or for all.
   * @throws AppError `not_found`, or `validation_failed` where nothing is said or the rule takes no threshold
   */
  async set(ruleId: string, productId: string | null, choice: AlertRuleChoice): Promise<RuleState> {
    const rule = this.find(ruleId, productId);
    if (Object.values(choice).every((value) => value === undefined)) throw invalid('', 'must say at least one of enabled, severity, forSeconds, repeatSeconds, threshold');
    if (choice.threshold !== undefined && rule.threshold === undefined) throw invalid('/threshold', 'is not known here: this rule takes none');
    await this.databases.control.query(
      `INSERT INTO monitoring.alert_rule_settings (rule_id, product_id, enabled, severity, for_seconds, repeat_seconds, threshold)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (rule_id, product_id) DO UPDATE
          SET enabled = excluded.enabled, severity = excluded.severity, for_seconds = excluded.for_seconds,
              repeat_seconds = excluded.repeat_seconds, threshold = excluded.threshold, set_at = clock_timestamp()`,
      [ruleId, productId ?? ALL_PRODUCTS, choice.enabled ?? null, choice.severity ?? null, choice.forSeconds ?? null, choice.repeatSeconds ?? null, choice.threshold ?? null],
    );
    return this.get(ruleId, productId);
  }

  /** Back to what the manifest or the rule has. @throws AppError `not_found` where nothing is set */
  async reset(ruleId: string, productId: string | null): Promise<void> {
    this.find(ruleId, productId);
    const rows = await this.databases.control.query('DELETE FROM monitoring.alert_rule_settings WHERE rule_id = $1 AND product_id = $2 RETURNING rule_id', [
      ruleId,
      productId ?? ALL_PRODUCTS,
    ]);
    if (rows.length === 0) throw notFound();
  }

  private async get(ruleId: string, productId: string | null): Promise<RuleState> {
    const state = (await this.list(productId)).find((candidate) => candidate.ruleId === ruleId);
    if (state === undefined) throw notFound();
    return state;
  }

  private find(ruleId: string, productId: string | null): AlertRule {
    this.checkProduct(productId);
    const rule = this.rules.get(ruleId);
    if (rule === undefined) throw notFound();
    return rule;
  }

  private checkProduct(productId: string | null): void {
    const known = [...this.house.products, ...this.house.shared].some((manifest) => manifest.id === productId);
    if (productId !== null && !known) throw notFound();
  }
}
