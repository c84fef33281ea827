import type { FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';
import { withArticle } from '../words.js';

export function e2eTestFile({ id, route, oneWord, manyWord, title }: ProductPlan, fields: readonly FieldCode[]): string {
  const required = fields.filter((field) => !field.spec.optional);
  return `import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

const PATH = '/v1/products/${id}/${route}';
const EXAMPLE = {
${fields.map(({ spec, example }) => `  ${spec.property}: ${example},`).join('\n')}
};

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const ask = (method: string, path: string, options: { body?: object; headers?: Record<string, string> } = {}): Promise<Answer> =>
  nagaya.request(method, path, { key: nagaya.keys.operator, ...options });

describe('the ${manyWord} of ${title}', () => {
  test('${withArticle(oneWord)} is created, read and deleted', async () => {
    const created = await ask('POST', PATH, { body: EXAMPLE });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({ id: expect.any(String), ...EXAMPLE, createdAt: expect.any(String) });
    expect(created.headers.get('location')).toBe(\`\${PATH}/\${created.body['id']}\`);
    expect((await ask('GET', \`\${PATH}/\${created.body['id']}\`)).body).toEqual(created.body);
    expect((await ask('DELETE', \`\${PATH}/\${created.body['id']}\`)).status).toBe(204);
    for (const method of ['GET', 'DELETE']) expect((await ask(method, \`\${PATH}/\${created.body['id']}\`)).status).toBe(404);
  });

  test('a request that is sent twice with the same Idempotency-Key is carried out once', async () => {
    const twice = () => ask('POST', PATH, { body: EXAMPLE, headers: { 'idempotency-key': 'the same' } });
    const first = await twice();
    expect(first.status).toBe(201);
    expect((await twice()).body).toEqual(first.body);
    expect((await ask('GET', PATH)).body.items).toHaveLength(1);
  });

  test.each([${required.map(({ spec }) => `'${spec.property}'`).join(', ')}])('one without %s is refused, and the refusal names it', async (property) => {
    const answer = await ask('POST', PATH, { body: { ...EXAMPLE, [property]: undefined } });
    expect([answer.status, answer.body['code'], answer.body['errors']]).toEqual([400, 'validation_failed', [{ pointer: \`/\${property}\`, detail: 'is required' }]]);
  });

  test('are listed newest first, each of them once, however small the page', async () => {
    for (let n = 0; n < 5; n++) expect((await ask('POST', PATH, { body: EXAMPLE })).status).toBe(201);
    const rows = (await walk<{ id: string; createdAt: string }>(nagaya, PATH, { limit: 2, key: nagaya.keys.operator })).flat();
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
    expect(rows.map((row) => row.createdAt)).toEqual(rows.map((row) => row.createdAt).sort().toReversed());
  });

  test('are not there for the key of another product', async () => {
    for (const path of [PATH, \`\${PATH}/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e\`]) expect((await nagaya.request('GET', path)).status).toBe(404);
  });
});
`;
}
