import type { Logger } from 'pino';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { startService, type RunningService } from '../../src/bootstrap.js';
import type { Configuration } from '../../src/config/env.js';
import { createLogger } from '../../src/http/logging.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { TEST_HOUSE } from './test-house.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers of every shape; `expect` is what checks them.
  readonly body: Record<string, never> & { items: never[] };
}

export interface TestService {
  readonly service: RunningService;
  readonly database: TestDatabase;
  readonly keys: { readonly operator: string; readonly codingRule2: string; readonly teaHouse: string; readonly readOnly: string };
  /** One request; `key` defaults to coding_rule2's. A string body is sent as it is, anything else as JSON. */
  request(method: string, path: string, options?: { key?: string | null; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
  stop(): Promise<void>;
}

/** The whole service on a database of its own, with a key of each kind. */
export async function startTestService(overrides: Partial<Configuration> = {}, logger: Logger = createLogger('silent')): Promise<TestService> {
  const database = await createTestDatabase();
  const configuration = { ...database.configuration, ...overrides };
  const service = await startService({ configuration, house: TEST_HOUSE, logger });
  const apiKeys = new ApiKeysService(service.databases);
  const keyOf = async (productId: string | null, permissions: ('read' | 'write')[] = ['read', 'write']) =>
    (await apiKeys.create({ name: 'test', productId, permissions })).key;
  const keys = {
    operator: await keyOf(null),
    codingRule2: await keyOf('coding_rule2'),
    teaHouse: await keyOf('tea_house'),
    readOnly: await keyOf('coding_rule2', ['read']),
  };
  return {
    service,
    database,
    keys,
    request: (method, path, { key = keys.codingRule2, body, headers = {} } = {}) => send(service.url + path, method, key, body, headers),
    stop: async () => {
      await service.close();
      await database.drop();
    },
  };
}

async function send(url: string, method: string, key: string | null, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (isJson(response) && text !== '' ? JSON.parse(text) : undefined) as Answer['body'] };
}

/** An export is many lines of it, which is something else. */
function isJson(response: Response): boolean {
  return /^application\/(?:[\w.]+\+)?json\b/.test(response.headers.get('content-type') ?? '');
}
