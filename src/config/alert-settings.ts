import { BlockList, isIP } from 'node:net';
import type { EnvironmentReader } from './environment-reader.js';

/** Whom alerts are told; what is undefined is told nothing. The URLs may hold secrets and are never logged. */
export interface AlertSettings {
  readonly alertWebhookUrl: string | undefined;
  /** Signs what goes to the webhook. */
  readonly alertWebhookSecret: string | undefined;
  /** Where an Alertmanager is, without `/api/v2/alerts`. */
  readonly alertmanagerUrl: string | undefined;
  readonly alertSlackUrl: string | undefined;
  /** Networks (CIDR) that may be reached although they are private or local. */
  readonly alertAllowedNetworks: readonly string[] | undefined;
}

export const ALERT_NAMES = [
  'NAGAYA_ALERT_WEBHOOK_URL',
  'NAGAYA_ALERT_WEBHOOK_SECRET',
  'NAGAYA_ALERTMANAGER_URL',
  'NAGAYA_ALERT_SLACK_URL',
  'NAGAYA_ALERT_ALLOWED_NETWORKS',
];

export function readAlertSettings(reader: EnvironmentReader): AlertSettings {
  return {
    alertWebhookUrl: readWebUrl(reader, 'NAGAYA_ALERT_WEBHOOK_URL'),
    alertWebhookSecret: reader.secret('NAGAYA_ALERT_WEBHOOK_SECRET'),
    alertmanagerUrl: readWebUrl(reader, 'NAGAYA_ALERTMANAGER_URL'),
    alertSlackUrl: readWebUrl(reader, 'NAGAYA_ALERT_SLACK_URL'),
    alertAllowedNetworks: readNetworks(reader),
  };
}

/** A webhook's address is often its password, so a problem names the variable and never the value. */
function readWebUrl(reader: EnvironmentReader, name: string): string | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  if (URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)) return text;
  reader.problems.push(`${name} must look like https://host/path`);
  return undefined;
}

function readNetworks(reader: EnvironmentReader): readonly string[] | undefined {
  const entries = reader.list('NAGAYA_ALERT_ALLOWED_NETWORKS');
  for (const entry of entries ?? []) {
    if (isNetwork(entry)) continue;
    reader.problems.push(`NAGAYA_ALERT_ALLOWED_NETWORKS has "${entry}"; it must list networks such as 10.0.0.0/8 or fd00::/8`);
  }
  return entries;
}

function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}
