import { Injectable } from '@nestjs/common';
import type { AlertRule } from './alert-rule.js';

const RULE_ID = /^[a-z][a-z0-9-]{1,59}$/;

/** The rules of this process. Modules add theirs in `onModuleInit`; the evaluation knows none of them by name. */
@Injectable()
export class AlertRules {
  private readonly rules = new Map<string, AlertRule>();

  add(rule: AlertRule): void {
    if (!RULE_ID.test(rule.id)) throw new Error(`"${rule.id}" is no id for an alert rule: use 2 to 60 lower-case letters, digits and hyphens.`);
    if (this.rules.has(rule.id)) throw new Error(`There are two alert rules "${rule.id}".`);
    this.rules.set(rule.id, rule);
  }

  get(id: string): AlertRule | undefined {
    return this.rules.get(id);
  }

  /** By id: the order in which their rows are locked. */
  all(): readonly AlertRule[] {
    return [...this.rules.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
