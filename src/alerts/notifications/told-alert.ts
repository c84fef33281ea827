import type { Alert } from '../alert.entity.js';

/** An alert as it was when it was to be told. Times are RFC 3339: it lies in the outbox as JSON. */
export interface ToldAlert extends Pick<Alert, 'id' | 'fingerprint' | 'ruleId' | 'productId' | 'subject' | 'severity' | 'condition' | 'message' | 'value'> {
  readonly title: string;
  readonly status: 'firing' | 'resolved';
  readonly startedAt: string;
  readonly resolvedAt: string | null;
  /** How often it has been told before. */
  readonly toldBefore: number;
}

export type Labels = Readonly<Record<string, string>>;

/** What Alertmanager routes, groups and silences by. */
export function labelsOf({ ruleId, severity, productId, subject, condition }: ToldAlert): Labels {
  return {
    alertname: ruleId,
    severity,
    service: 'nagaya',
    condition,
    ...(productId !== null && { product: productId }),
    ...(subject !== '' && { subject }),
  };
}

export function annotationsOf({ title, message, productId, subject }: ToldAlert): Labels {
  const where = [productId, subject].filter((part) => part !== null && part !== '').join(' ');
  return { summary: where === '' ? title : `${title}: ${where}`, description: message };
}
