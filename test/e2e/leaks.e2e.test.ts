import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { OWNER_ROLE } from '../support/roles.js';

const PRODUCT = '/v1/products/coding_rule2';
const VECTOR = Array.from({ length: 1536 }, (_, n) => n);

/** What belongs to the database and to the code, and to no caller: names of tables, columns, constraints and roles, SQL, places in files. */
const INTERNAL =
  /nagaya_|core\.|monitoring\.|coding_rule2\.|_key\b|_check\b|_idx\b|_pkey|relation|column|constraint|\brole\b|policy|permission denied|violat|syntax|SELECT|INSERT|UPDATE |postgres|typeorm|node_modules|\.[jt]s:\d|    at |42P01|42501|23505/i;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

/** Runs the statements as the owner, then `work`, then those that mend it. */
async function broken(breaking: readonly string[], mending: readonly string[], work: () => Promise<void>): Promise<void> {
  const run = (statements: readonly string[]) =>
    withAdmin(requireAdminUrl(nagaya.service.cluster), (admin) =>
      admin.asOwner(OWNER_ROLE, async () => {
        for (const sql of statements) await admin.query(sql);
      }),
    );
  await run(breaking);
  try {
    await work();
  } finally {
    await run(mending);
  }
}

function expectDiscreet(answer: Answer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(Object.keys(answer.body).filter((name) => !['type', 'title', 'status', 'code', 'detail', 'errors', 'requestId'].includes(name))).toEqual([]);
  // The detail of the address is the caller's own.
  expect(JSON.stringify({ ...answer.body, requestId: '' })).not.toMatch(INTERNAL);
  expect(JSON.stringify([...answer.headers])).not.toMatch(/nagaya_|SELECT|postgres|fastify|express/i);
}

const operator = (method: string, path: string, body?: unknown) => nagaya.request(method, path, { key: nagaya.keys.operator, body });

describe('an error of the database tells nothing of the database', () => {
  test("where a product's table is gone", async () => {
    await broken(['ALTER TABLE coding_rule2.memory_inheritance RENAME TO hidden'], ['ALTER TABLE coding_rule2.hidden RENAME TO memory_inheritance'], async () => {
      const answers = [
        await nagaya.request('GET', `${PRODUCT}/memories`),
        await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: {} } }),
        await nagaya.request('POST', `${PRODUCT}/sessions/s/inherit`, { body: { fromSessionId: 'other' } }),
        await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: {} }, headers: { 'idempotency-key': 'k' } }),
      ];
      for (const answer of answers) {
        expect(refusal(answer)).toEqual([503, 'product_not_ready']);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expectDiscreet(answer);
      }
      // What does not need the table goes on.
      expect((await nagaya.request('GET', `${PRODUCT}/violations`)).status).toBe(200);
    });
    expect((await nagaya.request('GET', `${PRODUCT}/memories`)).status).toBe(200);
  });

  test('where a shared table is gone, to operators too', async () => {
    await broken(['ALTER TABLE core.ai_systems RENAME COLUMN config TO hidden'], ['ALTER TABLE core.ai_systems RENAME COLUMN hidden TO config'], async () => {
      for (const answer of [await operator('GET', '/v1/ai-systems'), await operator('POST', '/v1/ai-systems', { systemType: 's', version: '1', config: {} })]) expectDiscreet(answer);
    });
  });

  test('where a right is missing: a fault of ours, 500', async () => {
    await broken(['REVOKE SELECT ON coding_rule2.conversation_context FROM coding_rule2'], ['GRANT SELECT ON coding_rule2.conversation_context TO coding_rule2'], async () => {
      const answers = [await nagaya.request('GET', `${PRODUCT}/conversations`), await nagaya.request('POST', `${PRODUCT}/conversations/search`, { body: { embedding: VECTOR } })];
      for (const answer of answers) {
        expect(refusal(answer)).toEqual([500, 'internal']);
        expectDiscreet(answer);
      }
    });
  });

  test('where a row breaks a rule that only the table knows', async () => {
    const add = `ALTER TABLE coding_rule2.constitutional_violations ADD CONSTRAINT secret_check CHECK (violation_type <> 'forbidden')`;
    await broken([add], ['ALTER TABLE coding_rule2.constitutional_violations DROP CONSTRAINT secret_check'], async () => {
      const body = { violationType: 'forbidden', violationDescription: 'd', originalResponse: 'o', severityLevel: 'low' };
      const answer = await nagaya.request('POST', `${PRODUCT}/violations`, { body });
      expect(refusal(answer)).toEqual([400, 'validation_failed']);
      expectDiscreet(answer);
    });
  });

  test('where a type does not fit: what a library would say stays inside', async () => {
    await broken(['ALTER TABLE coding_rule2.mistake_patterns ALTER pattern_data TYPE text'], ['ALTER TABLE coding_rule2.mistake_patterns ALTER pattern_data TYPE jsonb USING pattern_data::jsonb'], async () => {
      const answer = await nagaya.request('POST', `${PRODUCT}/mistake-patterns/x/occurrences`, { body: {} });
      expect(refusal(answer)).toEqual([500, 'internal']);
      expectDiscreet(answer);
    });
  });

  test('where a name is taken', async () => {
    await operator('POST', '/v1/ai-systems', { systemType: 'twice', version: '1', config: {} });
    const { body } = await operator('POST', '/v1/ai-systems', { systemType: 'twice', version: '2', config: {} });
    for (const answer of [await operator('POST', '/v1/ai-systems', { systemType: 'twice', version: '1', config: {} }), await operator('PATCH', `/v1/ai-systems/${body['id']}`, { version: '1' })]) {
      expect(refusal(answer)).toEqual([409, 'conflict']);
      expectDiscreet(answer);
    }
  });
});

test('every answer, also one that is an error, has the id of its request, which a caller may choose if it is harmless', async () => {
  for (const [sent, kept] of [['my-request.1', true], ['two words', false], ['x'.repeat(65), false]] as const) {
    const answer = await nagaya.request('GET', '/v1/nothing', { headers: { 'x-request-id': sent } });
    expect(answer.body['requestId']).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('x-request-id') === sent).toBe(kept);
  }
});
