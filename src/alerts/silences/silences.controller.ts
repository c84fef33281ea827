import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperatorOnly } from '../../auth/access.js';
import { Answered, Created, Deleted } from '../../http/answers.js';
import { AnswersPageOf, type Page } from '../../http/paging.js';
import { UuidPath } from '../../http/path-params.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { CreateSilence, ListSilences } from '../alert.dto.js';
import { Silence } from './silence.entity.js';
import { SilencesService } from './silences.service.js';

@ApiTags('Alerts')
@OperatorOnly()
@Controller('v1/silences')
export class SilencesController {
  constructor(private readonly silences: SilencesService) {}

  @Post()
  @ApiOperation({ summary: 'Keep alerts from being told for a while', description: 'They are kept and listed all the same; what still fires when it ends is told then.' })
  @Created(Silence)
  async create(@Body() body: CreateSilence, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Silence> {
    const silence = await this.silences.create({ ...body, createdBy: request.principal?.name ?? '' });
    void reply.header('location', `/v1/silences/${silence.id}`);
    return silence;
  }

  @Get()
  @ApiOperation({ summary: 'List silences, newest first' })
  @AnswersPageOf(Silence)
  async list(@Query() query: ListSilences): Promise<Page<Silence>> {
    return pageOf(await this.silences.list(query.which, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a silence' })
  @Answered(Silence)
  get(@UuidPath() id: string): Promise<Silence> {
    return this.silences.get(id);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'End a silence now' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.silences.remove(id);
  }
}
