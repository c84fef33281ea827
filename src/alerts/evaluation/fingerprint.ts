import { createHash } from 'node:crypto';

/** Names the alert that a rule raises in one place, the same on every replica and after every restart. */
export function fingerprintOf(ruleId: string, productId: string | null, subject: string): string {
  return createHash('sha256').update(JSON.stringify([ruleId, productId, subject])).digest('hex').slice(0, 16);
}
