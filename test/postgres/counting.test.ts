import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startService, type RunningService } from '../../src/bootstrap.js';
import { createLogger } from '../../src/http/logging.js';
import { startTestService, type TestService } from '../support/service.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { call } from './support/call.js';
import { superuserRows } from './support/superuser-rows.js';

const TIMES = 100;
const PATTERN = '/v1/products/coding_rule2/mistake-patterns/claimed-tests-passed';

let first: TestService;
let second: RunningService;
beforeAll(async () => {
  first = await startTestService();
  second = await startService({ configuration: first.database.configuration, house: TEST_HOUSE, logger: createLogger('silent') });
});
afterAll(async () => {
  await second.close();
  await first.stop();
});

test(`${TIMES} recordings of one mistake, all at once over two replicas, count exactly ${TIMES}`, async () => {
  const urls = [first.service.url, second.url];
  const answers = await Promise.all(
    Array.from({ length: TIMES }, (_, index) =>
      call(`${urls[index % 2] ?? ''}${PATTERN}/occurrences`, 'POST', first.keys.codingRule2, { detail: `time ${index}`, sessionId: 'at-once' }),
    ),
  );
  expect(answers.filter((answer) => answer.status !== 201)).toEqual([]);
  // Each was told a count that nobody else was told.
  const counts = answers.map((answer) => (answer.body as unknown as { occurrences: number }).occurrences);
  expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: TIMES }, (_, index) => index + 1));
  expect(new Set(answers.map((answer) => (answer.body as unknown as { id: string }).id)).size).toBe(1);

  const { body } = await call(`${second.url}${PATTERN}`, 'GET', first.keys.codingRule2);
  expect(body).toMatchObject({ occurrences: TIMES });
  const history = await superuserRows(
    first.database.name,
    `SELECT count(*)::int AS rows, count(DISTINCT detail)::int AS details, count(DISTINCT pattern_id)::int AS patterns,
            max(occurred_at) = (SELECT last_occurrence FROM coding_rule2.mistake_patterns) AS "lastIsNewest"
       FROM coding_rule2.mistake_occurrences`,
  );
  expect(history).toEqual([{ rows: TIMES, details: TIMES, patterns: 1, lastIsNewest: true }]);
});
