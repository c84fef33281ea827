// What one would write by hand: Fastify and pg, JSON-schema validation, one key, the same SQL. Started as a process by the benchmarks.
import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { CONVERSATION_COLUMNS } from '../src/products/coding-rule2/conversations/conversations.service.js';

const { DATABASE_URL: connectionString, KEY: key = '', PORT: port = '0' } = process.env;

const pool = new pg.Pool({ connectionString, max: 20 });
const app = Fastify({ logger: false, bodyLimit: 32 * 1024 * 1024 });
const expected = createHash('sha256').update(key).digest();

app.addHook('onRequest', async (request, reply) => {
  const given = createHash('sha256').update(request.headers.authorization?.slice('Bearer '.length) ?? '').digest();
  if (!timingSafeEqual(given, expected)) await reply.code(401).send();
});

const id = { type: 'string', format: 'uuid' };
app.get<{ Params: { id: string } }>('/conversations/:id', { schema: { params: { type: 'object', properties: { id }, required: ['id'] } } }, async (request, reply) => {
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
}

const violation = {
  type: 'object',
  additionalProperties: false,
  required: ['violationType', 'violationDescription', 'originalResponse', 'severityLevel'],
  properties: {
    violationType: { type: 'string', minLength: 1, maxLength: 50 },
    violationDescription: { type: 'string', minLength: 1, maxLength: 10_000 },
    originalResponse: { type: 'string', maxLength: 1_000_000 },
    correctedResponse: { type: ['string', 'null'], maxLength: 1_000_000 },
    severityLevel: { enum: ['low', 'medium', 'high', 'critical'] },
    autoCorrected: { type: 'boolean', default: false },
  },
};
app.post<{ Body: NewViolation }>('/violations', { schema: { body: violation } }, async (request, reply) => {
  const { violationType, violationDescription, originalResponse, correctedResponse, severityLevel, autoCorrected } = request.body;
  const { rows } = await pool.query(
    `INSERT INTO coding_rule2.constitutional_violations
            (id, violation_type, violation_description, original_response, corrected_response, severity_level, auto_corrected)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     RETURNING id, violation_type AS "violationType", violation_description AS "violationDescription",
       original_response AS "originalResponse", corrected_response AS "correctedResponse", severity_level AS "severityLevel",
       auto_corrected AS "autoCorrected", created_at AS "createdAt"`,
    [newId(), violationType, violationDescription, originalResponse, correctedResponse ?? null, severityLevel, autoCorrected],
  );
  return reply.code(201).send(rows[0]);
});

const url = await app.listen({ port: Number(port), host: '127.0.0.1' });
process.stdout.write(`serves at ${url}\n`);
process.once('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
