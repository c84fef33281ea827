import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { McpCatalogue } from './mcp-catalogue.js';
import { mcpServer, type McpHost } from './mcp-server.js';

/**
 * Answers one request of the streamable HTTP transport, without a session: any replica can answer the next one, and a restart
 * loses nothing. What the answer is comes as JSON; nothing is streamed, so no connection is held.
 */
export async function answerMcp(catalogue: McpCatalogue, host: McpHost, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const server = mcpServer(catalogue, host);
  // No session ids: that option absent is what makes the transport stateless.
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  try {
    await server.connect(transport);
    const headers = new Headers();
    for (const name of ['accept', 'content-type', 'mcp-protocol-version'] as const) {
      const value = request.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const answer = await transport.handleRequest(new Request(`http://nagaya${request.url}`, { method: 'POST', headers }), { parsedBody: request.body });
    const type = answer.headers.get('content-type');
    if (type !== null) void reply.header('content-type', type);
    await reply.code(answer.status).send(await answer.text());
  } finally {
    await server.close();
  }
}
