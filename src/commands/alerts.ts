import type { Command } from 'commander';
import pc from 'picocolors';
import { ALERT_STATES, type AlertState } from '../alerts/alert.entity.js';
import { AlertsService } from '../alerts/alerts.service.js';
import { NotificationTargets } from '../alerts/notifications/notification-targets.js';
import type { ToldAlert } from '../alerts/notifications/told-alert.js';
import { fingerprintOf } from '../alerts/evaluation/fingerprint.js';
import { SilencesService } from '../alerts/silences/silences.service.js';
import { newId } from '../database/new-id.js';
import { registerAlertRules } from './alert-rules.js';
import { allAlerts, refuseUnknown } from './alert-lookups.js';
import { printAlerts } from './alerts-table.js';
import { commandContext, orMissing } from './context.js';
import { readSeconds } from './duration.js';
import { withParts } from './house-context.js';
import { audit, cliActor } from './key.js';
import { print, printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

interface ListFlags {
  state?: string;
  product?: string;
  rule?: string;
  json?: true;
}

interface SilenceFlags {
  product?: string;
  rule?: string;
  for: string;
  reason?: string;
  json?: true;
}

export function defineAlerts(alerts: Command): void {
  alerts
    .command('list')
    .description('list alerts, the one that began last first')
    .option('--state <state>', 'only pending, firing or resolved ones; default: those that are open')
    .option('--product <id>', 'only those of this product')
    .option('--rule <id>', 'only those of this rule')
    .option('--json', 'print JSON')
    .action(runList);
  alerts.command('ack <id>').description('take an alert on: it is not repeated from then on').option('--note <text>', 'what is being done about it').option('--json', 'print JSON').action(runAck);
  alerts
    .command('silence')
    .description('keep alerts from being told for a while')
    .requiredOption('--for <time>', 'how long, such as 30m, 2h, 7d')
    .option('--product <id>', 'only those of this product')
    .option('--rule <id>', 'only those of this rule')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON')
    .action(runSilence);
  alerts.command('silences').description('list silences that are in force').option('--json', 'print JSON').action(runSilences);
  alerts.command('unsilence <id>').description('end a silence now').option('--json', 'print JSON').action(runUnsilence);
  registerAlertRules(alerts);
  alerts.command('test').description('send a test notification to every target that is configured').option('--json', 'print JSON').action(runTest);
}

async function runList(flags: ListFlags): Promise<void> {
  const states = readStates(flags.state);
  await withParts(commandContext(), async (parts) => {
    refuseUnknown(parts, flags);
    const filter = { ...(flags.product !== undefined && { productId: flags.product }), ...(flags.rule !== undefined && { ruleId: flags.rule }) };
    const found = await allAlerts(parts, states, filter);
    if (flags.json) return printJson({ items: found });
    if (found.length === 0) return print(`${pc.green('✓')} There is no such alert.`);
    printAlerts(found);
  });
}

function readStates(text: string | undefined): readonly AlertState[] {
  if (text === undefined) return ['firing', 'pending'];
  const state = ALERT_STATES.find((candidate) => candidate === text);
  if (state === undefined) throw new UsageError(`--state takes ${ALERT_STATES.join(', ')}; "${text}" is none.`);
  return [state];
}

async function runAck(id: string, { note, json }: { note?: string; json?: true }): Promise<void> {
  const alertId = readId(id);
  await withParts(commandContext(), async (parts, databases) => {
    await audit(databases, 'alerts ack', alertId);
    const alert = await orMissing(parts.get(AlertsService, { strict: false }).acknowledge(alertId, cliActor(), (note ?? '').slice(0, 500)), 'There is no such alert: nagaya alerts list');
    if (json) return printJson(alert);
    print(`${alert.ruleId}${alert.productId === null ? '' : ` of ${alert.productId}`} was taken on by ${alert.acknowledgedBy}.`);
  });
}

async function runSilence(flags: SilenceFlags): Promise<void> {
  const seconds = readSeconds(flags.for, '--for', { min: 1 });
  await withParts(commandContext(), async (parts, databases) => {
    refuseUnknown(parts, flags);
    await audit(databases, 'alerts silence', `${flags.product ?? 'all products'}: ${flags.rule ?? 'all rules'}`);
    const [clock] = await databases.control.query<{ until: Date }>('SELECT clock_timestamp() + make_interval(secs => $1) AS until', [seconds]);
    if (clock === undefined) return;
    const silence = await parts.get(SilencesService, { strict: false }).create({
      productId: flags.product ?? null,
      ruleId: flags.rule ?? null,
      reason: (flags.reason ?? '').slice(0, 500),
      createdBy: cliActor(),
      endsAt: clock.until,
    });
    if (flags.json) return printJson(silence);
    print(`${silence.id} holds until ${silence.endsAt.toISOString()}.`);
  });
}

async function runSilences({ json }: { json?: true }): Promise<void> {
  await withParts(commandContext(), async (parts) => {
    const { items } = await parts.get(SilencesService, { strict: false }).list('active', 100, undefined);
    if (json) return printJson({ items });
    if (items.length === 0) return print('Nothing is silenced.');
    printTable(
      ['id', 'product', 'rule', 'from', 'until', 'by', 'reason'],
      items.map((row) => [row.id, row.productId ?? 'all', row.ruleId ?? 'all', row.startsAt.toISOString(), row.endsAt.toISOString(), row.createdBy, row.reason]),
    );
  });
}

async function runUnsilence(id: string, { json }: { json?: true }): Promise<void> {
  const silenceId = readId(id);
  await withParts(commandContext(), async (parts, databases) => {
    await audit(databases, 'alerts unsilence', silenceId);
    await orMissing(parts.get(SilencesService, { strict: false }).remove(silenceId), 'There is no such silence: nagaya alerts silences');
    if (json) return printJson({ id: silenceId, removed: true });
    print(`${silenceId} is over.`);
  });
}

/** Straight to the targets, past the outbox: who tests wants to see what comes of it. */
async function runTest({ json }: { json?: true }): Promise<void> {
  const { configuration } = commandContext();
  const targets = new NotificationTargets();
  targets.use(configuration);
  if (targets.all().length === 0) {
    throw new UsageError('Nobody is told of alerts yet: set NAGAYA_ALERT_WEBHOOK_URL, NAGAYA_ALERTMANAGER_URL or NAGAYA_ALERT_SLACK_URL. See docs/alerts.md.');
  }
  const now = new Date();
  const results = await Promise.all(
    targets.all().map(async (target) => {
      try {
        await target.tell({ id: newId(), alerts: [testAlert(now)], now });
        return { target: target.name, taken: true, error: null };
      } catch (error) {
        return { target: target.name, taken: false, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  if (json) printJson({ items: results });
  else for (const { target, taken, error } of results) print(taken ? `${pc.green('✓')} ${target} took it.` : `${pc.red('✗')} ${target}: ${error}`);
  if (results.some(({ taken }) => !taken)) process.exitCode = 1;
}

function testAlert(now: Date): ToldAlert {
  return {
    id: newId(),
    fingerprint: fingerprintOf('test', null, ''),
    ruleId: 'test',
    title: 'Test',
    productId: null,
    subject: '',
    severity: 'warning',
    condition: 'breached',
    message: 'A test of the notifications, sent by "nagaya alerts test". Nothing is wrong.',
    value: null,
    status: 'firing',
    startedAt: now.toISOString(),
    resolvedAt: null,
    toldBefore: 0,
  };
}

function readId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new UsageError('Name it by its id, as the list shows it.');
}
