import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { newId } from '../../database/new-id.js';
import type { Alert } from '../alert.entity.js';
import { AlertRules } from '../rules/alert-rules.js';
import { dedupKeyOf, PUSH_EVERY_SECONDS } from './messages.js';
import { NotificationTargets, type NotificationTarget } from './notification-targets.js';
import type { ToldAlert } from './told-alert.js';

/** What of a pass decides whom to tell what. */
export interface TellingPass {
  readonly now: Date;
  readonly resting: ReadonlySet<string>;
  readonly repeatSecondsOf: (ruleId: string, productId: string | null) => number;
}

type Candidate = Pick<
  Alert,
  'id' | 'fingerprint' | 'ruleId' | 'productId' | 'subject' | 'severity' | 'state' | 'condition' | 'message' | 'value' | 'startedAt' | 'resolvedAt' | 'acknowledgedAt' | 'notifiedAt' | 'notifications' | 'pushedAt'
> & { readonly silenced: boolean };

/** Whom nobody could tell of an end for so long, it is no news any more. */
const TOLD_LATE_HOURS = 24;
/** So many alerts make one message; more make several. */
const ALERTS_IN_ONE = 100;

/**
 * Decides what is to be told and puts it into the outbox, in the transaction that changed the alerts: what fires is told
 * once and again at each repeat, what is over is told to whom it was told before. All of a pass is one message a target.
 */
@Injectable()
export class AlertTellings {
  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
    private readonly targets: NotificationTargets,
  ) {}

  /** @param ruleIds whose alerts this pass has locked */
  async write(pass: TellingPass, ruleIds: readonly string[]): Promise<void> {
    const targets = this.targets.all();
    if (targets.length === 0) return;
    const candidates = await this.candidates(pass.now, ruleIds);
    const told = candidates.filter((alert) => isToBeTold(alert, pass));
    const pushed = candidates.filter((alert) => isToBePushed(alert, pass));
    for (const target of targets) await this.queue(target, target.wants === 'state' ? pushed : told, pass.now);
    await this.mark(pass.now, targets, told, pushed);
  }

  /** What fires, and what is over and was not yet told so: whoever looked then may have known no target, as a shell without the settings does. */
  private candidates(now: Date, ruleIds: readonly string[]): Promise<Candidate[]> {
    return this.databases.control.query<Candidate>(
      `SELECT id, fingerprint, rule_id AS "ruleId", product_id AS "productId", subject, severity, state, condition, message, value, started_at AS "startedAt",
              resolved_at AS "resolvedAt", acknowledged_at AS "acknowledgedAt", notified_at AS "notifiedAt", notifications, pushed_at AS "pushedAt",
              EXISTS (SELECT FROM monitoring.silences s
                       WHERE s.starts_at <= $1 AND s.ends_at > $1
                         AND (s.product_id IS NULL OR s.product_id = a.product_id) AND (s.rule_id IS NULL OR s.rule_id = a.rule_id)) AS silenced
         FROM monitoring.alerts a
        WHERE rule_id = ANY($2)
          AND (state = 'firing'
               OR (state = 'resolved' AND resolved_at > $1 - make_interval(hours => $3) AND (notified_at < resolved_at OR pushed_at < resolved_at)))
        ORDER BY severity, started_at, id`,
      [now, ruleIds, TOLD_LATE_HOURS],
    );
  }

  private async queue({ name, wants }: NotificationTarget, alerts: readonly Candidate[], now: Date): Promise<void> {
    for (let start = 0; start < alerts.length; start += ALERTS_IN_ONE) {
      const payload = alerts.slice(start, start + ALERTS_IN_ONE).map((alert) => this.told(alert));
      await this.databases.control.query(
        `INSERT INTO monitoring.alert_notifications (id, target, dedup_key, payload, created_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (dedup_key) DO NOTHING`,
        [newId(), name, dedupKeyOf(name, payload, wants === 'state' ? now.toISOString() : ''), JSON.stringify(payload), now],
      );
    }
  }

  private async mark(now: Date, targets: readonly NotificationTarget[], told: readonly Candidate[], pushed: readonly Candidate[]): Promise<void> {
    const idsFor = (wants: NotificationTarget['wants'], alerts: readonly Candidate[]): string[] =>
      targets.some((target) => target.wants === wants) ? alerts.map((alert) => alert.id) : [];
    await this.databases.control.query(
      `UPDATE monitoring.alerts
          SET notified_at = CASE WHEN id = ANY($2::uuid[]) THEN $1 ELSE notified_at END,
              notifications = notifications + CASE WHEN id = ANY($2::uuid[]) AND state = 'firing' THEN 1 ELSE 0 END,
              pushed_at = CASE WHEN id = ANY($3::uuid[]) THEN $1 ELSE pushed_at END
        WHERE id = ANY($2::uuid[] || $3::uuid[])`,
      [now, idsFor('messages', told), idsFor('state', pushed)],
    );
  }

  private told(alert: Candidate): ToldAlert {
    const { id, fingerprint, ruleId, productId, subject, severity, state, condition, message, value, startedAt, resolvedAt, notifications } = alert;
    return {
      id, fingerprint, ruleId, productId, subject, severity, condition, message, value,
      title: this.rules.get(ruleId)?.title ?? ruleId,
      status: state === 'resolved' ? 'resolved' : 'firing',
      startedAt: startedAt.toISOString(),
      resolvedAt: resolvedAt?.toISOString() ?? null,
      toldBefore: notifications,
    };
  }
}

function isToBeTold(alert: Candidate, { now, resting, repeatSecondsOf }: TellingPass): boolean {
  // Told also in a silence: who has heard of it should not go on believing it.
  if (alert.state === 'resolved') return isOlder(alert.notifiedAt, alert.resolvedAt);
  if (alert.silenced || alert.acknowledgedAt !== null || rests(alert, resting)) return false;
  return alert.notifiedAt === null || now.getTime() - alert.notifiedAt.getTime() >= repeatSecondsOf(alert.ruleId, alert.productId) * 1_000;
}

/** Alertmanager repeats by its own rules; it only has to know that it still holds. */
function isToBePushed(alert: Candidate, { now, resting }: TellingPass): boolean {
  if (alert.state === 'resolved') return isOlder(alert.pushedAt, alert.resolvedAt);
  if (alert.silenced || rests(alert, resting)) return false;
  return alert.pushedAt === null || now.getTime() - alert.pushedAt.getTime() >= PUSH_EVERY_SECONDS * 1_000;
}

/** It was told, and not since it was over. */
function isOlder(toldAt: Date | null, resolvedAt: Date | null): boolean {
  return toldAt !== null && resolvedAt !== null && toldAt < resolvedAt;
}

function rests({ productId }: Candidate, resting: ReadonlySet<string>): boolean {
  return productId !== null && resting.has(productId);
}
