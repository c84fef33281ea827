import { Injectable } from '@nestjs/common';
import type { AlertSettings } from '../../config/alert-settings.js';
import { AddressRules } from './addresses.js';
import { guardedPost } from './guarded-post.js';
import { pushMessage, slackMessage, webhookMessage, type Message, type Telling } from './messages.js';

/** Whom alerts are told. */
export interface NotificationTarget {
  readonly name: string;
  /** `messages` are told once and repeated; `state` is a system that keeps its own, and has to be reminded of what still holds. */
  readonly wants: 'messages' | 'state';
  /** @throws NotTaken unless it was taken */
  tell(telling: Telling): Promise<void>;
}

/** The targets of this process's configuration; none until it is told of it. */
@Injectable()
export class NotificationTargets {
  private targets: readonly NotificationTarget[] = [];

  use(settings: AlertSettings): void {
    const rules = new AddressRules(settings.alertAllowedNetworks ?? []);
    const target = (name: string, url: string | undefined, message: (telling: Telling) => Message, wants: NotificationTarget['wants'] = 'messages'): NotificationTarget[] =>
      url === undefined ? [] : [{ name, wants, tell: (telling) => guardedPost({ url, ...message(telling) }, rules) }];
    this.targets = [
      ...target('webhook', settings.alertWebhookUrl, (telling) => webhookMessage(telling, settings.alertWebhookSecret)),
      ...target('slack', settings.alertSlackUrl, slackMessage),
      ...target('alertmanager', pushUrl(settings.alertmanagerUrl), pushMessage, 'state'),
    ];
  }

  all(): readonly NotificationTarget[] {
    return this.targets;
  }
}

function pushUrl(base: string | undefined): string | undefined {
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return url.href;
}
