import { Body, Controller, Delete, Get, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { OperatorOnly } from '../../auth/access.js';
import { Answered, Answers, Created, Deleted } from '../../http/answers.js';
import { AnswersPageOf, type Page } from '../../http/paging.js';
import { UuidPath } from '../../http/path-params.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { ChangeAiSystem, ListAiSystems, RegisterAiSystem } from './ai-system.dto.js';
import { AiSystem } from './ai-system.entity.js';
import { AiSystemsService } from './ai-systems.service.js';

@ApiTags('AI systems')
@OperatorOnly()
@Controller('v1/ai-systems')
export class AiSystemsController {
  constructor(private readonly systems: AiSystemsService) {}

  @Post()
  @ApiOperation({ summary: 'Register an AI system' })
  @Created(AiSystem)
  @Answers('conflict')
  async register(@Body() body: RegisterAiSystem, @Res({ passthrough: true }) reply: FastifyReply): Promise<AiSystem> {
    const system = await this.systems.register(body);
    void reply.header('location', `/v1/ai-systems/${system.id}`);
    return system;
  }

  @Get()
  @ApiOperation({ summary: 'List AI systems, newest first' })
  @AnswersPageOf(AiSystem)
  async list(@Query() query: ListAiSystems): Promise<Page<AiSystem>> {
    return pageOf(await this.systems.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an AI system' })
  @Answered(AiSystem)
  get(@UuidPath() id: string): Promise<AiSystem> {
    return this.systems.get(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change an AI system' })
  @Answered(AiSystem)
  @Answers('conflict')
  change(@UuidPath() id: string, @Body() body: ChangeAiSystem): Promise<AiSystem> {
    return this.systems.change(id, body);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Remove an AI system' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.systems.remove(id);
  }
}
