import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { newId } from '../../database/new-id.js';
import { AlertEvents, type AlertEvent } from './alert-events.js';
import { AlertTellings } from '../notifications/alert-tellings.js';
import type { Look, Sighting } from './look.js';
import { transition, type OpenAlert, type Transition } from './transition.js';

/** What one pass over the rules has found, and when it began by the database's clock. */
export interface Pass {
  readonly now: Date;
  readonly looks: readonly Look[];
  /** Whose alerts rest: no new ones, no repeats, and none ends because nobody looks. */
  readonly resting: ReadonlySet<string>;
  /** Those of them that are gone for good: what fired there is over. */
  readonly archived: ReadonlySet<string>;
  /** How often what goes on firing is told again. */
  readonly repeatSecondsOf: (ruleId: string, productId: string | null) => number;
}

/** Later than this after the look before, there was a gap: the checks were not running, or the database was not there. */
export const GAP_SECONDS = 120;

/**
 * Writes down what a pass has found: states, history and events in one transaction. A pass that began before another
 * one that is written already changes nothing, so a replica that was frozen in mid-check can't bring old news.
 */
@Injectable()
export class AlertRecorder {
  constructor(
    private readonly databases: Databases,
    private readonly events: AlertEvents,
    private readonly tellings: AlertTellings,
  ) {}

  async record(pass: Pass): Promise<void> {
    await this.databases.control.unitOfWork(async () => {
      const fresh = await this.enter(pass);
      const changes = await this.changes(pass, fresh);
      await this.begin(pass.now, changes);
      await this.carryOn(pass.now, changes);
      await this.finish(pass.now, changes);
      await this.events.append(pass.now, changes.flatMap(eventOf));
      await this.tellings.write(pass, [...fresh.keys()]);
    });
  }

  /** Locks each rule's row, in the order of their ids. @returns since when each rule has been looked at without a gap */
  private async enter({ now, looks }: Pass): Promise<ReadonlyMap<string, Date>> {
    const rows = await this.databases.control.query<{ ruleId: string; steadySince: Date }>(
      `INSERT INTO monitoring.alert_evaluations AS e (rule_id, evaluated_at, steady_since, duration_ms, error)
       SELECT l.rule_id, $1, $1, l.duration_ms, l.error
         FROM unnest($2::varchar[], $3::float8[], $4::text[]) AS l (rule_id, duration_ms, error)
        ORDER BY l.rule_id
       ON CONFLICT (rule_id) DO UPDATE
          SET evaluated_at = excluded.evaluated_at, duration_ms = excluded.duration_ms, error = excluded.error,
              steady_since = CASE WHEN excluded.evaluated_at - e.evaluated_at > make_interval(secs => $5) THEN excluded.evaluated_at ELSE e.steady_since END
        WHERE e.evaluated_at < excluded.evaluated_at
       RETURNING rule_id AS "ruleId", steady_since AS "steadySince"`,
      [now, looks.map((look) => look.rule.id), looks.map((look) => look.durationMs), looks.map((look) => look.error), GAP_SECONDS],
    );
    return new Map(rows.map((row) => [row.ruleId, row.steadySince]));
  }

  private async changes({ now, looks, resting, archived }: Pass, fresh: ReadonlyMap<string, Date>): Promise<Transition[]> {
    const open = await this.databases.control.query<OpenAlert>(
      `SELECT id, fingerprint, rule_id AS "ruleId", product_id AS "productId", state, condition, severity, message, value,
              started_at AS "startedAt", evaluated_at AS "evaluatedAt"
         FROM monitoring.alerts WHERE state <> 'resolved' AND rule_id = ANY($1) ORDER BY id FOR UPDATE`,
      [[...fresh.keys()]],
    );
    const known = new Map(open.map((alert) => [alert.fingerprint, alert]));
    const changes: (Transition | undefined)[] = [];
    for (const look of looks) {
      const steadySince = fresh.get(look.rule.id);
      if (steadySince === undefined) continue;
      const seen = new Map(look.sightings.map((sighting) => [sighting.fingerprint, sighting]));
      const places = new Set([...seen.keys(), ...open.filter((alert) => alert.ruleId === look.rule.id).map((alert) => alert.fingerprint)]);
      for (const place of places) {
        const [alert, sighting] = [known.get(place), seen.get(place)];
        if (isResting(resting, alert, sighting)) {
          if (alert?.state === 'pending') changes.push({ kind: 'dropped', alert, message: 'The product is suspended.' });
          else if (alert !== undefined && archived.has(alert.productId ?? '')) changes.push({ kind: 'resolved', alert, message: 'The product is archived.' });
        } else if (look.error === null || sighting !== undefined) {
          // A rule that failed has seen nothing: what is open stays as it is.
          changes.push(transition(alert, sighting, { now, steadySince }));
        }
      }
    }
    return changes.filter((change) => change !== undefined);
  }

  private async begin(now: Date, changes: readonly Transition[]): Promise<void> {
    const begun = changes.flatMap((change) => (change.kind === 'began' ? [change.sighting] : []));
    if (begun.length === 0) return;
    await this.databases.control.query(
      `INSERT INTO monitoring.alerts (id, fingerprint, rule_id, product_id, subject, severity, state, condition, message, value, started_at, evaluated_at)
       SELECT a.id, a.fingerprint, a.rule_id, a.product_id, a.subject, a.severity, 'pending', a.condition, a.message, a.value, $1, $1
         FROM jsonb_to_recordset($2::jsonb) AS a
              (id uuid, fingerprint text, rule_id text, product_id text, subject text, severity text, condition text, message text, value float8)
       ON CONFLICT (fingerprint) WHERE state <> 'resolved' DO NOTHING`,
      [now, JSON.stringify(begun.map((sighting) => ({ id: newId(), fingerprint: sighting.fingerprint, rule_id: sighting.ruleId, product_id: sighting.productId, subject: sighting.subject, ...figuresOf(sighting) })))],
    );
  }

  private async carryOn(now: Date, changes: readonly Transition[]): Promise<void> {
    const held = changes.flatMap((change) => (change.kind === 'held' || change.kind === 'fired' ? [change] : []));
    if (held.length === 0) return;
    await this.databases.control.query(
      `UPDATE monitoring.alerts AS a
          SET severity = h.severity, condition = h.condition, message = h.message, value = h.value, started_at = h.started_at, evaluated_at = $1,
              state = CASE WHEN h.fires THEN 'firing' ELSE a.state END, fired_at = CASE WHEN h.fires THEN $1 ELSE a.fired_at END
         FROM jsonb_to_recordset($2::jsonb) AS h
              (id uuid, severity text, condition text, message text, value float8, started_at timestamptz, fires boolean)
        WHERE a.id = h.id`,
      [now, JSON.stringify(held.map(({ kind, alert, sighting, startedAt }) => ({ id: alert.id, started_at: startedAt, fires: kind === 'fired', ...figuresOf(sighting) })))],
    );
  }

  private async finish(now: Date, changes: readonly Transition[]): Promise<void> {
    const over = changes.flatMap((change) => (change.kind === 'resolved' ? [change] : []));
    const dropped = changes.flatMap((change) => (change.kind === 'dropped' ? [change.alert.id] : []));
    if (over.length > 0) {
      await this.databases.control.query(
        `UPDATE monitoring.alerts AS a SET state = 'resolved', resolved_at = $1, evaluated_at = $1, message = o.message
           FROM unnest($2::uuid[], $3::text[]) AS o (id, message) WHERE a.id = o.id`,
        [now, over.map(({ alert }) => alert.id), over.map(({ message }) => message)],
      );
    }
    if (dropped.length > 0) await this.databases.control.query('DELETE FROM monitoring.alerts WHERE id = ANY($1::uuid[])', [dropped]);
  }
}

function isResting(resting: ReadonlySet<string>, alert: OpenAlert | undefined, sighting: Sighting | undefined): boolean {
  const productId = alert?.productId ?? sighting?.productId ?? null;
  return productId !== null && resting.has(productId);
}

function figuresOf({ settings, condition, message, value }: Sighting): object {
  return { severity: settings.severity, condition, message, value };
}

function eventOf(change: Transition): AlertEvent[] {
  if (change.kind === 'fired') {
    const { alert, sighting } = change;
    return [{ type: 'alert.firing', alertId: alert.id, ruleId: alert.ruleId, productId: alert.productId, severity: sighting.settings.severity, message: sighting.message, value: sighting.value }];
  }
  if (change.kind !== 'resolved') return [];
  const { alert, message } = change;
  return [{ type: 'alert.resolved', alertId: alert.id, ruleId: alert.ruleId, productId: alert.productId, severity: alert.severity, message, value: alert.value }];
}
