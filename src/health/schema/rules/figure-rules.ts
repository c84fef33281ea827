import { readable } from '../../../alerts/rules/readable.js';
import type { Unit } from '../../../alerts/rules/alert-rule.js';
import type { FigureRule, Finding } from './figure-rule.js';

/** The size that the original design warns at: ten megabytes, decimal. */
const SIZE_BYTES = 10_000_000;
/** The number of records that it expects at least. */
const RECORDS = 100;
/** The figures are as old as the last sweep, five minutes; what holds for as long was seen more than once. */
const FOR_SECONDS = 300;
/** So far beyond its threshold a figure must come back before what fires is over: a share of the threshold. */
const HYSTERESIS = 0.05;

export const RECORD_COUNT_LOW: FigureRule = {
  id: 'record-count-low',
  title: 'Few records',
  severity: 'warning',
  forSeconds: FOR_SECONDS,
  threshold: { unit: 'rows', default: RECORDS },
  sharedToo: false,
  find: ({ recordCount, recordCountExact }, threshold) => {
    if (threshold === null) return undefined;
    if (recordCount === null) return { state: 'no_data', message: 'The records could not be counted, and the statistics know nothing of them yet.' };
    const count = `${recordCountExact ? '' : 'about '}${readable(recordCount, 'rows')} record${recordCount === 1 ? '' : 's'}`;
    return atLeast(recordCount, threshold, 'rows', capital(count));
  },
};

export const SCHEMA_SIZE_HIGH: FigureRule = {
  id: 'schema-size-high',
  title: 'Large schema',
  severity: 'warning',
  forSeconds: FOR_SECONDS,
  threshold: { unit: 'bytes', default: SIZE_BYTES },
  sharedToo: false,
  find: ({ schemaSizeBytes }, threshold) => {
    if (threshold === null) return undefined;
    if (schemaSizeBytes === null) return { state: 'no_data', message: 'The size of the schema could not be measured.' };
    return atMost(schemaSizeBytes, threshold, 'bytes', `The schema takes ${readable(schemaSizeBytes, 'bytes')}`);
  },
};

export const ACTIVITY_MISSING: FigureRule = {
  id: 'activity-missing',
  title: 'No activity',
  severity: 'warning',
  forSeconds: FOR_SECONDS,
  // A product that may rest for a week is no worse for it: only one that says how often it writes is held to it.
  threshold: { unit: 'seconds', default: null },
  sharedToo: false,
  find: ({ lastActivity, checkedAt }, threshold) => {
    if (threshold === null) return undefined;
    if (lastActivity === null) return { state: 'no_data', message: 'No row has been written since the checks began.' };
    const silence = (checkedAt.getTime() - lastActivity.getTime()) / 1_000;
    if (silence <= threshold) return { state: 'ok', value: silence, message: `It was last written ${readable(silence, 'seconds')} before the check.` };
    return { state: 'breached', value: silence, message: `Nothing was written for ${readable(silence, 'seconds')}; it says it writes every ${readable(threshold, 'seconds')}.` };
  },
};

export const CONNECTIONS_HIGH: FigureRule = {
  id: 'connections-high',
  title: 'Connections near their limit',
  severity: 'warning',
  forSeconds: FOR_SECONDS,
  threshold: { unit: 'percent', default: 80 },
  sharedToo: true,
  find: ({ connectionsInUse, connectionLimit }, threshold) => {
    if (threshold === null || connectionLimit <= 0) return undefined;
    return atMost((100 * connectionsInUse) / connectionLimit, threshold, 'percent', `${connectionsInUse} of ${connectionLimit} connections are in use`);
  },
};

export const MIGRATIONS_PENDING: FigureRule = {
  id: 'migrations-pending',
  title: 'Migrations pending or failed',
  severity: 'critical',
  forSeconds: FOR_SECONDS,
  sharedToo: true,
  find: ({ migrationsPending: pending }) => {
    if (pending === null) return undefined;
    if (pending === 0) return { state: 'ok', value: 0, message: 'All migrations are applied.' };
    return {
      state: 'breached',
      value: pending,
      message: `${pending} migration${pending === 1 ? ' is' : 's are'} not applied, so this release does not serve the schema. Run "nagaya migrate"; where one fails, its report says why.`,
    };
  },
};

export const INDEX_INVALID: FigureRule = {
  id: 'index-invalid',
  title: 'Invalid index',
  severity: 'warning',
  forSeconds: FOR_SECONDS,
  sharedToo: true,
  find: ({ indexes: { invalid } }) => {
    if (invalid.length === 0) return { state: 'ok', value: 0, message: 'All indexes are valid.' };
    return {
      state: 'breached',
      value: invalid.length,
      message: `Left behind by a build that failed, written to and never read: ${invalid.join(', ')}. Drop and build anew, or REINDEX INDEX CONCURRENTLY.`,
    };
  },
};

export const TRANSACTION_LONG: FigureRule = {
  id: 'transaction-long',
  title: 'Long transaction',
  severity: 'warning',
  forSeconds: 0,
  threshold: { unit: 'seconds', default: 3_600 },
  sharedToo: true,
  find: ({ longestTransactionSeconds: longest }, threshold) => {
    if (threshold === null || longest === null) return undefined;
    return atMost(longest, threshold, 'seconds', `A transaction has been open for ${readable(longest, 'seconds')}; dead rows stay for as long`);
  },
};

export const FIGURE_RULES: readonly FigureRule[] = [
  RECORD_COUNT_LOW,
  SCHEMA_SIZE_HIGH,
  ACTIVITY_MISSING,
  CONNECTIONS_HIGH,
  MIGRATIONS_PENDING,
  INDEX_INVALID,
  TRANSACTION_LONG,
];

function atLeast(value: number, threshold: number, unit: Unit, what: string): Finding {
  if (value < threshold) return { state: 'breached', value, message: `${what}, fewer than ${readable(threshold, unit)}.` };
  return { state: 'ok', value, nearly: value < threshold * (1 + HYSTERESIS), message: `${what}, at least ${readable(threshold, unit)}.` };
}

function atMost(value: number, threshold: number, unit: Unit, what: string): Finding {
  if (value > threshold) return { state: 'breached', value, message: `${what}, more than ${readable(threshold, unit)}.` };
  return { state: 'ok', value, nearly: value > threshold * (1 - HYSTERESIS), message: `${what}, no more than ${readable(threshold, unit)}.` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
