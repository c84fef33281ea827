import { createHash, createHmac } from 'node:crypto';
import { annotationsOf, labelsOf, type Labels, type ToldAlert } from './told-alert.js';

/** One telling, ready to be made. */
export interface Telling {
  /** The same however often it is tried. */
  readonly id: string;
  readonly alerts: readonly ToldAlert[];
  /** Database time of this attempt. */
  readonly now: Date;
}

export interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Alertmanager forgets what nobody has reminded it of by then; it is reminded three times as often. */
export const PUSH_LASTS_SECONDS = 900;
export const PUSH_EVERY_SECONDS = 300;
const NEVER = '0001-01-01T00:00:00Z';

/** Alertmanager's webhook format, version 4, so that whatever receives that receives this. */
export function webhookMessage({ id, alerts, now }: Telling, secret: string | undefined): Message {
  const labels = alerts.map(labelsOf);
  const body = JSON.stringify({
    version: '4',
    groupKey: `{}:{service="nagaya"}`,
    truncatedAlerts: 0,
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    receiver: 'nagaya',
    groupLabels: { service: 'nagaya' },
    commonLabels: inCommon(labels),
    commonAnnotations: inCommon(alerts.map(annotationsOf)),
    externalURL: '',
    alerts: alerts.map((alert) => ({
      status: alert.status,
      labels: labelsOf(alert),
      annotations: annotationsOf(alert),
      startsAt: alert.startedAt,
      endsAt: alert.resolvedAt ?? NEVER,
      generatorURL: '',
      fingerprint: alert.fingerprint,
    })),
  });
  return { body, headers: { 'idempotency-key': id, ...(secret !== undefined && { 'x-nagaya-signature': signature(body, secret, now) }) } };
}

/** `t=<unix seconds>,v1=<HMAC-SHA-256 of "t.body", hex>`: the time is signed too, so that an old message can't be sent again. */
export function signature(body: string, secret: string, now: Date): string {
  const time = Math.floor(now.getTime() / 1_000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

/** For `POST /api/v2/alerts`. What fires is good for a while and is said again before that is over. */
export function pushMessage({ alerts, now }: Telling): Message {
  const until = new Date(now.getTime() + PUSH_LASTS_SECONDS * 1_000).toISOString();
  return {
    body: JSON.stringify(
      alerts.map((alert) => ({ labels: labelsOf(alert), annotations: annotationsOf(alert), startsAt: alert.startedAt, endsAt: alert.resolvedAt ?? until })),
    ),
    headers: {},
  };
}

/** For an incoming webhook of Slack, Mattermost and others that take the same: one line an alert. */
export function slackMessage({ alerts }: Telling): Message {
  const firing = alerts.filter((alert) => alert.status === 'firing').length;
  const head = [firing > 0 ? `${firing} firing` : '', firing < alerts.length ? `${alerts.length - firing} resolved` : ''].filter((part) => part !== '').join(', ');
  const lines = alerts.slice(0, SLACK_LINES).map((alert) => {
    const { summary, description } = annotationsOf(alert);
    const state = alert.status === 'resolved' ? 'RESOLVED' : `${alert.severity.toUpperCase()}${alert.toldBefore > 0 ? ' (still)' : ''}`;
    return `*${state}* ${escape(summary ?? '')}\n${escape(description ?? '')}`;
  });
  if (alerts.length > SLACK_LINES) lines.push(`… and ${alerts.length - SLACK_LINES} more`);
  return { body: JSON.stringify({ text: [`Nagaya: ${head}`, ...lines].join('\n') }), headers: {} };
}

const SLACK_LINES = 30;

/** A product may name a worker `<!channel>`. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function inCommon(all: readonly Labels[]): Labels {
  return Object.fromEntries(Object.entries(all[0] ?? {}).filter(([name, value]) => all.every((labels) => labels[name] === value)));
}

/**
 * The same telling has the same key, whichever process writes it.
 * @param turn tells one reminder of the same alerts from the next
 */
export function dedupKeyOf(target: string, alerts: readonly ToldAlert[], turn = ''): string {
  const parts = alerts.map((alert) => `${alert.id} ${alert.status} ${alert.toldBefore}`).sort();
  return `${target}:${createHash('sha256').update([turn, ...parts].join('\n')).digest('hex').slice(0, 32)}`;
}
