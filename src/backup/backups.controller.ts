import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperatorOnly } from '../auth/access.js';
import { Answered, Answers } from '../http/answers.js';
import { AnswersPageOf, type Page } from '../http/paging.js';
import { UuidPath } from '../http/path-params.js';
import { pageOf, placeIn } from '../http/slice-page.js';
import { BackupState, ListBackups, StartBackup } from './backup.dto.js';
import { BackupsService } from './backups.service.js';

@ApiTags('Backups')
@OperatorOnly()
@Controller('v1/backups')
export class BackupsController {
  constructor(private readonly backups: BackupsService) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Ask for a backup', description: 'A worker makes it; follow it at its address. One of the same schema at a time.' })
  @ApiAcceptedResponse({
    type: BackupState,
    description: 'Asked for. `workerAlive` says whether a worker is there to make it.',
    headers: { Location: { description: 'Where to follow it.', schema: { type: 'string', format: 'uri-reference' } } },
  })
  @Answers('conflict')
  async start(@Body() body: StartBackup, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<BackupState> {
    const backup = await this.backups.start(body.schema, request.principal?.name ?? 'operator');
    void reply.header('location', `/v1/backups/${backup.id}`);
    return backup;
  }

  @Get()
  @ApiOperation({ summary: 'List backups, newest first' })
  @AnswersPageOf(BackupState)
  async list(@Query() query: ListBackups): Promise<Page<BackupState>> {
    return pageOf(await this.backups.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Follow a backup' })
  @Answered(BackupState, 'How far it is.')
  get(@UuidPath() id: string): Promise<BackupState> {
    return this.backups.get(id);
  }
}
