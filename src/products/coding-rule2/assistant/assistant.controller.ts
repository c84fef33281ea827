import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProductAccess, Reads } from '../../../auth/access.js';
import { AuditLog } from '../../../auth/audit-log.js';
import { AppError } from '../../../errors/app-error.js';
import { answerMcp } from '../../../mcp/answer-mcp.js';
import type { McpCatalogue, McpTool } from '../../../mcp/mcp-catalogue.js';
import { AssistantTexts } from './assistant-texts.js';
import { AssistantTools } from './assistant-tools.js';

const PATH = 'v1/products/coding_rule2/mcp';
const INSTRUCTIONS = `What coding sessions know and learn. Call session_start first and session_handoff last. Call mistake_check
before what could go wrong. Record a mistake when one happened, remember what a later session must know, and read a memory by its id before you rely on it.`;

/**
 * The Model Context Protocol, behind the same guard, limit and log as REST. One POST carries calls that read and calls that write,
 * so a key's permission is asked for by each tool. Its operations describe themselves, so they are not in the OpenAPI document.
 */
@ApiExcludeController()
@ProductAccess()
@Controller(PATH)
export class AssistantController {
  private readonly catalogue: McpCatalogue;

  constructor(
    tools: AssistantTools,
    texts: AssistantTexts,
    private readonly audit: AuditLog,
  ) {
    this.catalogue = { product: 'coding_rule2', instructions: INSTRUCTIONS, tools: tools.all, resources: texts.resources, prompts: texts.prompts };
  }

  @Post()
  @Reads()
  answer(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerMcp(
      this.catalogue,
      {
        version: '1',
        admit: (tool, given) => this.admit(tool, given, request),
        report: (error) => request.log.error({ err: error.cause, code: error.code }, error.message),
      },
      request,
      reply,
    );
  }

  /** As the guards of REST do: a key that may not write is told so, and what an operator changes is written down before. */
  private async admit({ name, reads, destructive }: McpTool, given: Readonly<Record<string, unknown>>, request: FastifyRequest): Promise<void> {
    const { principal } = request;
    if (reads || principal === undefined) return;
    if (!principal.permissions.includes('write')) throw new AppError('forbidden', 'This key may not write. Use one with that permission.');
    if (principal.productId !== null && !destructive) return;
    const target = typeof given['id'] === 'string' ? `/${PATH}#${given['id']}` : `/${PATH}`;
    await this.audit.append({ actor: principal.name, apiKeyId: principal.keyId, action: `MCP ${name}`, target, requestId: request.id });
  }
}
