// Telemetry is decided upon when mem0ai is loaded; a benchmark tells nobody anything.
process.env['MEM0_TELEMETRY'] = 'false';

const { PGVector } = await import('mem0ai/oss');
const { PostgresStore } = await import('@langchain/langgraph-checkpoint-postgres/store');

export { PGVector, PostgresStore };
