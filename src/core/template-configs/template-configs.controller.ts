import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { OperatorOnly } from '../../auth/access.js';
import { Answered, Answers, Created } from '../../http/answers.js';
import { AnswersPageOf, type Page } from '../../http/paging.js';
import { UuidPath } from '../../http/path-params.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { CreateTemplateConfig, ListTemplateConfigs } from './template-config.dto.js';
import { TemplateConfig } from './template-config.entity.js';
import { TemplateConfigsService } from './template-configs.service.js';

@ApiTags('Templates')
@OperatorOnly()
@Controller('v1/template-configs')
export class TemplateConfigsController {
  constructor(private readonly templates: TemplateConfigsService) {}

  @Post()
  @ApiOperation({ summary: 'Add a version of a template' })
  @Created(TemplateConfig)
  @Answers('conflict')
  async create(@Body() body: CreateTemplateConfig, @Res({ passthrough: true }) reply: FastifyReply): Promise<TemplateConfig> {
    const template = await this.templates.create(body);
    void reply.header('location', `/v1/template-configs/${template.id}`);
    return template;
  }

  @Get()
  @ApiOperation({ summary: 'List templates, newest first' })
  @AnswersPageOf(TemplateConfig)
  async list(@Query() query: ListTemplateConfigs): Promise<Page<TemplateConfig>> {
    return pageOf(await this.templates.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a version of a template' })
  @Answered(TemplateConfig)
  get(@UuidPath() id: string): Promise<TemplateConfig> {
    return this.templates.get(id);
  }

  @Post(':id/activate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make this the version that products read', description: 'The one they read before steps down in the same transaction.' })
  @Answered(TemplateConfig)
  activate(@UuidPath() id: string): Promise<TemplateConfig> {
    return this.templates.activate(id);
  }
}
