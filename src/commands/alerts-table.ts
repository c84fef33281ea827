import pc from 'picocolors';
import type { Alert } from '../alerts/alert.entity.js';
import { print, printTable } from './output.js';

/** One line an alert, and where to read on; the message last, since it is as long as it is. */
export function printAlerts(alerts: readonly Alert[]): void {
  printTable(
    ['id', 'state', 'severity', 'product', 'rule', 'since', 'taken on by', 'message'],
    alerts.map((alert) => [
      alert.id,
      stateOf(alert),
      alert.severity === 'critical' ? pc.red(alert.severity) : pc.yellow(alert.severity),
      [alert.productId ?? '-', alert.subject].filter((part) => part !== '').join(' '),
      alert.ruleId,
      alert.startedAt.toISOString(),
      alert.acknowledgedBy ?? '-',
      alert.message,
    ]),
  );
  print();
  print('What each rule means and what to do: docs/alerts.md.');
}

function stateOf({ state, condition }: Alert): string {
  const text = condition === 'breached' ? state : `${state} (${condition === 'no_data' ? 'no data' : 'rule fails'})`;
  if (state === 'firing') return pc.red(text);
  return state === 'pending' ? pc.yellow(text) : pc.green(text);
}
