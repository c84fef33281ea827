import type { WorkingDay } from './day.js';
import { events } from './events.js';
import { memories } from './memories.js';
import { mistakePatterns } from './mistake-patterns.js';
import { questions } from './questions.js';
import { checkoutFlakyTest } from './sessions/checkout-flaky-test.js';
import { doubleCharge } from './sessions/double-charge.js';
import { kyuyoRounding } from './sessions/kyuyo-rounding.js';
import { release214 } from './sessions/release-2-14.js';
import { sdkDocs } from './sessions/sdk-docs.js';
import { taikaiCleanup } from './sessions/taikai-cleanup.js';
import { yoyakuRefactor } from './sessions/yoyaku-refactor.js';
import { zaikoMigration } from './sessions/zaiko-migration.js';
import { violations } from './violations.js';
import { workers } from './workers.js';

export const workingDay: WorkingDay = {
  sessions: [doubleCharge, kyuyoRounding, checkoutFlakyTest, zaikoMigration, yoyakuRefactor, release214, sdkDocs, taikaiCleanup],
  mistakePatterns,
  violations,
  memories,
  workers,
  events,
  questions,
};
