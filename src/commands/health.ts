import type { Command } from 'commander';
import pc from 'picocolors';
import type { Alert } from '../alerts/alert.entity.js';
import { AlertEvaluator } from '../alerts/evaluation/alert-evaluator.js';
import { readable } from '../alerts/rules/readable.js';
import type { SchemaFigures } from '../health/schema/schema-figures.js';
import { SchemaHealth } from '../health/schema/schema-health.service.js';
import { allAlerts } from './alert-lookups.js';
import { printAlerts } from './alerts-table.js';
import { commandContext } from './context.js';
import { withParts } from './house-context.js';
import { print, printJson, printTable } from './output.js';

export function defineHealth(health: Command): void {
  health
    .option('--json', 'print JSON')
    .action(runHealth);
}

async function runHealth({ json }: { json?: true }): Promise<void> {
  await withParts(commandContext(), async (parts) => {
    const schemas = await parts.get(SchemaHealth, { strict: false }).sweep();
    await parts.get(AlertEvaluator, { strict: false }).evaluate();
    const alerts = await allAlerts(parts, ['firing', 'pending']);
    if (json) printJson({ schemas, alerts });
    else printHealth(schemas, alerts);
    const isBad = schemas.some(({ status }) => status === 'critical' || status === 'unknown') || alerts.some(({ severity, state }) => severity === 'critical' && state === 'firing');
    if (isBad) process.exitCode = 1;
  });
}

const COLOURS = { ok: pc.green, warning: pc.yellow, critical: pc.red, unknown: pc.yellow };

function printHealth(schemas: readonly SchemaFigures[], alerts: readonly Alert[]): void {
  printTable(
    ['schema', 'status', 'tables', 'records', 'size', 'a day', 'last activity', 'connections', 'cache', 'dead rows', 'indexes', 'pending'],
    schemas.map((schema) => [
      schema.productId,
      COLOURS[schema.status](schema.status),
      String(schema.tableCount),
      schema.recordCount === null ? 'unknown' : `${schema.recordCountExact ? '' : '~'}${readable(schema.recordCount, 'rows')}`,
      schema.schemaSizeBytes === null ? 'unknown' : `${schema.schemaSizeExact ? '' : '~'}${readable(schema.schemaSizeBytes, 'bytes')}`,
      growth(schema.growthBytesPerDay),
      schema.lastActivity?.toISOString() ?? 'none seen',
      `${schema.connectionsInUse}/${schema.connectionLimit}`,
      schema.cacheHitRatio === null ? '-' : readable(100 * schema.cacheHitRatio, 'percent'),
      readable(schema.deadRows, 'rows'),
      indexes(schema),
      schema.migrationsPending === null ? '-' : String(schema.migrationsPending),
    ]),
  );
  print();
  if (alerts.length === 0) return print(`${pc.green('✓')} No alert is open.`);
  printAlerts(alerts);
}

function growth(perDay: number | null): string {
  if (perDay === null) return '-';
  return `${perDay < 0 ? '' : '+'}${readable(perDay, 'bytes')}`;
}

function indexes({ indexes: { invalid, unused, duplicate, hnsw } }: SchemaFigures): string {
  const building = hnsw.filter(({ state }) => state === 'building').length;
  const parts = [
    [invalid.length, 'invalid'],
    [building, 'building'],
    [duplicate.length, 'duplicate'],
    [unused.length, 'unused'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return parts.length === 0 ? 'fine' : parts.join(', ');
}
