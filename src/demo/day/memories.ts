import type { Memory } from './day.js';

const DAY = 86_400;

export const memories: readonly Memory[] = [
  { session: 'checkout-flaky-test', type: 'decision', text: 'Every end-to-end test registers a shopper of its own through createShopper; none signs in as a shared user.', about: ['e2e', 'fixtures'], priority: 8 },
  { session: 'checkout-flaky-test', type: 'fact', text: 'The checkout page shows the total twice, before and after the coupon. Wait for the coupon row.', about: ['checkout'], priority: 6 },
  { session: 'checkout-flaky-test', type: 'lesson', text: 'Read a file to its end before the first edit: createShopper was already there.', about: ['edited-without-reading'], priority: 9 },
  { session: 'checkout-flaky-test', type: 'todo', text: 'Run changed specs twenty times in the nightly job and list those that are neither green nor red.', about: ['ci'], priority: 4, expiresInSeconds: 14 * DAY },

  { session: 'double-charge', type: 'decision', text: 'Captures carry an idempotency key of payment id and sequence; webhooks store the event, answer 202 and work later.', about: ['payments', 'webhook'], priority: 10 },
  { session: 'double-charge', type: 'preference', text: "Never move a customer's money without a written yes.", about: ['refunds'], priority: 10 },
  { session: 'double-charge', type: 'fact', text: 'The card network retries a webhook when we take more than eight seconds.', about: ['webhook'], priority: 7 },
  { session: 'double-charge', type: 'todo', text: 'Letters to the three customers who did not write to support.', about: ['support'], priority: 6, expiresInSeconds: 7 * DAY },

  // The session that the demo inherits from: together these come to more than the budget it asks for.
  { session: 'release-2-14', type: 'lesson', text: 'Never force-push a branch that others may have pulled. A push to main dropped a merge; it came back from the reflog.', about: ['force-pushed-shared-branch', 'git'], priority: 10 },
  { session: 'release-2-14', type: 'preference', text: 'Ask before anything that rewrites history or publishes; explain afterwards, restore first.', about: ['git', 'release'], priority: 9 },
  { session: 'release-2-14', type: 'decision', text: 'Wrong author addresses are mended in the mailmap, never by amending.', about: ['git', 'mailmap'], priority: 8 },
  { session: 'release-2-14', type: 'decision', text: 'Binaries come from the release job and the tag, not from anybody’s machine. It takes about fourteen minutes.', about: ['release', 'ci'], priority: 8 },
  { session: 'release-2-14', type: 'fact', text: 'Crates are published in this order: lockfile, fs, resolve, fetch, core, cli.', about: ['release', 'cargo'], priority: 7 },
  { session: 'release-2-14', type: 'fact', text: "The Windows runner needs the symlink privilege; the job's first step grants it so that no test is skipped.", about: ['windows', 'ci'], priority: 6 },
  { session: 'release-2-14', type: 'todo', text: 'A check that fails a pull request without a changelog entry.', about: ['changelog'], priority: 5, expiresInSeconds: 30 * DAY },
  { session: 'release-2-14', type: 'fact', text: 'Version 2.13 warns about the checksum field that 2.14 writes; people who mix versions see one line more. The release notes say so, and support has a text for it.', about: ['lockfile', 'compatibility'], priority: 4 },
  { session: 'release-2-14', type: 'fact', text: 'Release notes name outside contributors and leave out internal refactoring; additions come first, then fixes, then warnings about older versions.', about: ['release', 'notes'], priority: 3 },
  { session: 'release-2-14', type: 'todo', text: 'CI for the restored main is running; look at it before tagging.', about: ['ci'], priority: 9, expiresInSeconds: 2 },

  { session: 'sdk-docs', type: 'decision', text: 'Every Python block of the quick start is executed by tests/test_docs.py.', about: ['docs', 'tests'], priority: 8 },
  { session: 'sdk-docs', type: 'preference', text: 'British spelling, no exclamation marks, one page, no theory.', about: ['docs', 'style'], priority: 7 },
  { session: 'sdk-docs', type: 'lesson', text: 'Look every call up in the installed version before it goes into a page.', about: ['invented-api'], priority: 9 },

  { session: 'zaiko-migration', type: 'decision', text: '大きな表の変更は lock_timeout を二秒にして、取れなければやり直す。CI が確認する。', about: ['migration', 'lock_timeout'], priority: 10 },
  { session: 'zaiko-migration', type: 'fact', text: '大阪の倉庫の返品は、昨年十月から引当を戻していなかった。四百十二件を V33 で補正した。', about: ['返品', '引当'], priority: 6 },
  { session: 'zaiko-migration', type: 'todo', text: '帳票が quantity を読まなくなってから二週間後に、古いカラムを消す。', about: ['quantity'], priority: 7, expiresInSeconds: 30 * DAY },

  { session: 'yoyaku-refactor', type: 'preference', text: 'クラスではなく関数で書く。ローマ字と略語の変数名は使わない。', about: ['coding-style'], priority: 8 },
  { session: 'yoyaku-refactor', type: 'decision', text: '料金の端数は切り捨て。計算は src/booking/price.ts の一か所だけ。', about: ['料金'], priority: 9 },
  { session: 'yoyaku-refactor', type: 'todo', text: 'カレンダーの読み上げ用の名前とキーボード操作は、別の課題で直す。', about: ['accessibility'], priority: 5, expiresInSeconds: 21 * DAY },

  { session: 'kyuyo-rounding', type: 'preference', text: 'テストの結果は、実行したコマンドと最後の行をそのまま貼る。未実行なら未実行と書く。', about: ['tests'], priority: 10 },
  { session: 'kyuyo-rounding', type: 'fact', text: '残業代の丸めは一か月の合計に一度だけ（賃金規程第十四条）。勤務は開始日の月に属する（第九条）。', about: ['丸め', '規程'], priority: 9 },
  { session: 'kyuyo-rounding', type: 'decision', text: '一人でも計算できなければバッチ全体を止め、誰のどの行かを記録する。', about: ['batch'], priority: 8 },

  { session: 'taikai-cleanup', type: 'lesson', text: '消す前に書き出し、読み戻して確かめる。既定は数えるだけ。接続先の名前を必ず表示する。', about: ['deleted-data-without-backup'], priority: 10 },
  { session: 'taikai-cleanup', type: 'decision', text: '購入の記録は七年残し、個人を特定できる部分だけを外す。問い合わせは一年で本文ごと消す。', about: ['privacy'], priority: 9 },
  { session: 'taikai-cleanup', type: 'fact', text: '退会者の条件に合っても、再入会した三十九人は対象から外す。会員番号で突き合わせる。', about: ['members'], priority: 6 },
];
