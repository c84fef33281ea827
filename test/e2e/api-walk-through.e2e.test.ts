import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { page } from '../architecture/markdown.js';
import { paste } from '../support/pasted-curl.js';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

test('every line of docs/api.md answers what the page says', async () => {
  const api = `${nagaya.service.url}/v1`;
  const variables = { API: api, PRODUCT: `${api}/products/coding_rule2`, KEY: nagaya.keys.codingRule2, OPERATOR: nagaya.keys.operator };
  const lines = page('docs/api.md').text.split('\n').filter((line) => line.startsWith('curl '));
  expect(lines.length).toBeGreaterThan(15);
  const seen: string[] = [];
  let refusal: unknown;
  for (const line of lines) {
    const answer = await paste(line, variables);
    const body = await answer.text();
    seen.push(line.replace(/# \d{3}$/, `# ${answer.status}`));
    if (answer.status === 400) refusal = JSON.parse(body);
  }
  expect(seen).toEqual(lines);
  const shown = JSON.parse(/```json\n([\s\S]+?)```/.exec(page('docs/api.md').text)?.[1] ?? '') as object;
  expect(refusal).toEqual({ ...shown, requestId: expect.any(String) });
});
