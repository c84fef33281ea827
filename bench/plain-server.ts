// What one would write by hand: Fastify and pg at the same addresses, one key checked by its hash, JSON-schema validation as strict as
// ours, the same SQL. No request id, log, figures, limits, look at the product's state or headers for browsers: those are what the
// comparison is about. Started as a process by the benchmarks.
import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { CONVERSATION_COLUMNS } from '../src/products/coding-rule2/conversations/conversations.service.js';
import { RECORD_VIOLATION } from '../src/products/coding-rule2/violations/violations.service.js';

const { DATABASE_URL: connectionString, KEY: key = '', PORT: port = '0' } = process.env;

const pool = new pg.Pool({ connectionString, max: 20 });
const app = Fastify({
  logger: false,
  bodyLimit: 32 * 1024 * 1024,
  ajv: {
    customOptions: {
      // Fastify's own defaults would change a 7 into "7" and drop what is not known; ours refuses both.
      coerceTypes: false,
      removeAdditional: false,
      formats: { storable: (text: string) => !/[\0\p{Surrogate}]/u.test(text) },
    },
  },
});
const expected = createHash('sha256').update(key).digest();

app.addHook('onRequest', async (request, reply) => {
  const given = createHash('sha256').update(request.headers.authorization?.slice('Bearer '.length) ?? '').digest();
  if (!timingSafeEqual(given, expected)) await reply.code(401).send();
});

const id = { type: 'string', format: 'uuid' };
app.get<{ Params: { id: string } }>('/v1/products/coding_rule2/conversations/:id', { schema: { params: { type: 'object', properties: { id }, required: ['id'] } } }, async (request, reply) => {
  const { rows } = await pool.query(`SELECT ${CONVERSATION_COLUMNS} FROM coding_rule2.conversation_context WHERE id = $1`, [request.params.id]);
  if (rows.length === 0) return reply.code(404).send();
  return rows[0] as object;
});

interface NewViolation {
  violationType: string;
  violationDescription: string;
  originalResponse: string;
  correctedResponse?: string | null;
  severityLevel: string;
  autoCorrected: boolean;
  sessionId?: string | null;
  patternType?: string | null;
}

const text = (maxLength: number) => ({ type: 'string', format: 'storable', maxLength });
const violation = {
  type: 'object',
  additionalProperties: false,
  required: ['violationType', 'violationDescription', 'originalResponse', 'severityLevel'],
  properties: {
    violationType: { ...text(50), minLength: 1 },
    violationDescription: { ...text(10_000), minLength: 1 },
    originalResponse: text(1_000_000),
    correctedResponse: { ...text(1_000_000), nullable: true },
    severityLevel: { enum: ['low', 'medium', 'high', 'critical'] },
    autoCorrected: { type: 'boolean', default: false },
    sessionId: { ...text(100), minLength: 1, nullable: true },
    patternType: { ...text(50), minLength: 1, nullable: true },
  },
};
app.post<{ Body: NewViolation }>('/v1/products/coding_rule2/violations', { schema: { body: violation } }, async (request, reply) => {
  const { violationType, violationDescription, originalResponse, correctedResponse, severityLevel, autoCorrected, sessionId, patternType } = request.body;
  const values = [newId(), violationType, violationDescription, originalResponse, correctedResponse ?? null, severityLevel, autoCorrected, sessionId ?? null, patternType ?? null];
  const { rows } = await pool.query<{ id: string }>(RECORD_VIOLATION, values);
  const [row] = rows;
  if (row === undefined) return reply.code(400).send();
  return reply.code(201).header('location', `/v1/products/coding_rule2/violations/${row.id}`).send(row);
});

const url = await app.listen({ port: Number(port), host: '127.0.0.1' });
process.stdout.write(`serves at ${url}\n`);
process.once('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
