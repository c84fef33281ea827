import type { Command } from 'commander';
import pc from 'picocolors';
import { SEVERITIES } from '../alerts/rules/alert-rule.js';
import { readable } from '../alerts/rules/readable.js';
import type { RuleState } from '../alerts/rules/rule.dto.js';
import { RulesService } from '../alerts/rules/rules.service.js';
import type { AlertRuleChoice } from '../database/manifest.js';
import { refuseUnknown } from './alert-lookups.js';
import { commandContext, orMissing } from './context.js';
import { readSeconds } from './duration.js';
import { withParts } from './house-context.js';
import { audit } from './key.js';
import { print, printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

interface SetFlags {
  product?: string;
  threshold?: string;
  for?: string;
  repeat?: string;
  severity?: string;
  on?: true;
  off?: true;
  reset?: true;
  json?: true;
}

/** Under `nagaya alerts`. */
export function registerAlertRules(alerts: Command): void {
  alerts.command('rules').description('list the rules that alerts follow from, as they are in force').option('--product <id>', 'for this product').option('--json', 'print JSON').action(runList);
  alerts
    .command('set <rule>')
    .description('set a rule at run time; what is not named goes back to what the manifest or the rule has')
    .option('--product <id>', 'for this product; default: for all that have nothing of their own')
    .option('--threshold <number>', "in the rule's unit: rows, bytes, seconds, percent")
    .option('--for <time>', 'how long it must hold before it is told, such as 90s, 15m')
    .option('--repeat <time>', 'how often it is told again, such as 4h')
    .option('--severity <severity>', SEVERITIES.join(' or '))
    .option('--on', 'look at it')
    .option('--off', 'do not look at it')
    .option('--reset', 'take back what was set')
    .option('--json', 'print JSON')
    .action(runSet);
}

async function runList({ product, json }: { product?: string; json?: true }): Promise<void> {
  await withParts(commandContext(), async (parts) => {
    refuseUnknown(parts, { ...(product !== undefined && { product }) });
    const rules = await parts.get(RulesService, { strict: false }).list(product ?? null);
    if (json) return printJson({ items: rules });
    printRules(rules);
  });
}

async function runSet(rule: string, flags: SetFlags): Promise<void> {
  const choice = readChoice(flags);
  await withParts(commandContext(), async (parts, databases) => {
    refuseUnknown(parts, { rule, ...(flags.product !== undefined && { product: flags.product }) });
    const rules = parts.get(RulesService, { strict: false });
    await audit(databases, `alerts ${flags.reset ? 'reset' : 'set'}`, `${flags.product ?? 'all products'}: ${rule}`);
    if (flags.reset) {
      await orMissing(rules.reset(rule, flags.product ?? null), `Nothing was set for ${rule} ${flags.product === undefined ? 'of all products' : `of ${flags.product}`}.`);
      if (!flags.json) print(`What was set for ${rule} is taken back.`);
    } else {
      await rules.set(rule, flags.product ?? null, choice);
    }
    const states = (await rules.list(flags.product ?? null)).filter(({ ruleId }) => ruleId === rule);
    if (flags.json) return printJson(states[0]);
    printRules(states);
  });
}

function readChoice({ threshold, for: held, repeat, severity, on, off, reset }: SetFlags): AlertRuleChoice {
  if (on && off) throw new UsageError('Give either --on or --off.');
  const word = SEVERITIES.find((candidate) => candidate === severity);
  if (severity !== undefined && word === undefined) throw new UsageError(`--severity takes ${SEVERITIES.join(' or ')}.`);
  const choice = {
    ...(threshold !== undefined && { threshold: readThreshold(threshold) }),
    ...(held !== undefined && { forSeconds: readSeconds(held, '--for') }),
    ...(repeat !== undefined && { repeatSeconds: readSeconds(repeat, '--repeat', { min: 60 }) }),
    ...(word !== undefined && { severity: word }),
    ...((on || off) && { enabled: on === true }),
  };
  if (Object.keys(choice).length > 0 && reset) throw new UsageError('--reset takes back all that was set; give it alone.');
  if (Object.keys(choice).length === 0 && !reset) throw new UsageError('Say what to set: --threshold, --for, --repeat, --severity, --on or --off; or --reset.');
  return choice;
}

/** A plain decimal number: `Number` alone would take "" for 0 and "0x10" for 16. */
function readThreshold(text: string): number {
  const number = /^\d+(\.\d+)?(e\d{1,2})?$/i.test(text) ? Number(text) : NaN;
  if (number >= 0 && number <= 1e18) return number;
  throw new UsageError(`--threshold takes a number from 0 to 1e18; "${text}" is none.`);
}

function printRules(rules: readonly RuleState[]): void {
  printTable(
    ['rule', 'state', 'severity', 'threshold', 'for', 'again every', 'set by', 'last looked at'],
    rules.map((rule) => [
      rule.ruleId,
      rule.error === null ? (rule.enabled ? pc.green('on') : 'off') : pc.red('fails'),
      rule.severity,
      rule.threshold === null || rule.unit === null ? '-' : readable(rule.threshold, rule.unit),
      rule.forSeconds === 0 ? 'at once' : readable(rule.forSeconds, 'seconds'),
      readable(rule.repeatSeconds, 'seconds'),
      rule.source,
      rule.evaluatedAt?.toISOString() ?? 'never',
    ]),
  );
}
