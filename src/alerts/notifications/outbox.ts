import { Injectable, Logger } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { NotificationTargets, type NotificationTarget } from './notification-targets.js';
import type { ToldAlert } from './told-alert.js';

interface Claimed {
  readonly id: string;
  readonly attempts: number;
  readonly alerts: readonly ToldAlert[];
  readonly now: Date;
}

/** Longer than any attempt takes: then whoever made it has died, and somebody else makes it again. */
const ATTEMPT_SECONDS = 60;
const BACK_OFF_SECONDS = 5;
const BACK_OFF_MAX_SECONDS = 300;
/** What nobody has taken for so long is no news any more. */
const GIVE_UP_HOURS = 24;
/** Of one target at one run: a long queue does not keep the others waiting. */
const AT_ONCE = 50;

/**
 * Delivers what the outbox holds, each target in the order in which it was written. An entry is done only when its
 * target has answered 2xx: one that is sent and not yet marked when the process dies is sent again, under the same id.
 * No connection is held while a target is waited for.
 */
@Injectable()
export class Outbox {
  private readonly logger = new Logger(Outbox.name);

  constructor(
    private readonly databases: Databases,
    private readonly targets: NotificationTargets,
  ) {}

  async deliver(signal: AbortSignal): Promise<void> {
    await this.giveUp();
    await Promise.all(this.targets.all().map((target) => this.deliverTo(target, signal)));
  }

  private async deliverTo(target: NotificationTarget, signal: AbortSignal): Promise<void> {
    for (let count = 0; count < AT_ONCE && !signal.aborted; count++) {
      const entry = await this.claim(target.name);
      if (entry === undefined) return;
      try {
        await target.tell(entry);
      } catch (error) {
        await this.postpone(target.name, entry, error);
        return;
      }
      await this.databases.control.query('UPDATE monitoring.alert_notifications SET delivered_at = clock_timestamp(), last_error = NULL WHERE id = $1', [entry.id]);
    }
  }

  /** The oldest entry, if it is due; those behind it wait for it, so that "resolved" never overtakes "firing". */
  private async claim(target: string): Promise<Claimed | undefined> {
    const [row] = await this.databases.control.query<Claimed>(
      `UPDATE monitoring.alert_notifications AS n
          SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => $2)
        WHERE next_attempt_at <= clock_timestamp() AND delivered_at IS NULL AND abandoned_at IS NULL
          AND id = (SELECT id FROM monitoring.alert_notifications
                     WHERE target = $1 AND delivered_at IS NULL AND abandoned_at IS NULL ORDER BY created_at, id LIMIT 1)
       RETURNING id, attempts, payload AS alerts, clock_timestamp() AS now`,
      [target, ATTEMPT_SECONDS],
    );
    return row;
  }

  private async postpone(target: string, { id, attempts }: Claimed, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const pause = Math.min(BACK_OFF_MAX_SECONDS, BACK_OFF_SECONDS * 2 ** Math.min(attempts - 1, 10));
    this.logger.warn(`The ${target} did not take a notification (attempt ${attempts}, the next in ${pause} s): ${reason}`);
    await this.databases.control.query(
      `UPDATE monitoring.alert_notifications SET last_error = $3, next_attempt_at = clock_timestamp() + make_interval(secs => $4)
        WHERE id = $1 AND attempts = $2`,
      [id, attempts, reason.slice(0, 500), pause],
    );
  }

  private async giveUp(): Promise<void> {
    const rows = await this.databases.control.query<{ target: string }>(
      `UPDATE monitoring.alert_notifications SET abandoned_at = clock_timestamp()
        WHERE delivered_at IS NULL AND abandoned_at IS NULL AND created_at < clock_timestamp() - make_interval(hours => $1)
       RETURNING target`,
      [GIVE_UP_HOURS],
    );
    if (rows.length > 0) this.logger.error(`${rows.length} notifications were given up: nobody took them for ${GIVE_UP_HOURS} hours.`);
  }
}
