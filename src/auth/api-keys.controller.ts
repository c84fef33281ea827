import { Body, Controller, Delete, Get, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { invalid } from '../errors/app-error.js';
import { Created, Deleted } from '../http/answers.js';
import { AnswersPageOf, type Page } from '../http/paging.js';
import { UuidPath } from '../http/path-params.js';
import { pageOf, placeIn } from '../http/slice-page.js';
import { Once, OperatorOnly } from './access.js';
import { CreateApiKey, CreatedApiKeyAnswer, ListApiKeys, RotateApiKey } from './api-key.dto.js';
import { ApiKey, PERMISSIONS, type Permission } from './api-key.entity.js';
import { ApiKeysService } from './api-keys.service.js';

/** A working day's worth of time to put the new key everywhere. */
const DEFAULT_OVERLAP_S = 86_400;

@ApiTags('API keys')
@OperatorOnly()
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @Once('key')
  @ApiOperation({ summary: 'Make an API key', description: 'The key is in this answer and nowhere else: only its hash is kept.' })
  @Created(CreatedApiKeyAnswer, 'Made. The key is shown this once.')
  async create(@Body() body: CreateApiKey, @Res({ passthrough: true }) reply: FastifyReply): Promise<CreatedApiKeyAnswer> {
    const { permissions, ...rest } = body;
    const key = await this.keys.create({ ...rest, ...(permissions && { permissions: permissions.map(readPermission) }) });
    void reply.header('location', `/v1/api-keys/${key.id}`).header('cache-control', 'no-store');
    return key;
  }

  @Get()
  @ApiOperation({ summary: 'List API keys, newest first' })
  @AnswersPageOf(ApiKey)
  async list(@Query() query: ListApiKeys): Promise<Page<ApiKey>> {
    return pageOf(await this.keys.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Post(':id/rotate')
  @Once('key')
  @ApiOperation({
    summary: 'Replace an API key',
    description: 'Makes a key of the same name, product, permissions and expiry. The old one works on for the overlap, a day unless said otherwise, so that its holder can change over without a gap.',
  })
  @Created(CreatedApiKeyAnswer, 'Made. The new key is shown this once.')
  async rotate(@UuidPath() id: string, @Body() { overlapSeconds }: RotateApiKey, @Res({ passthrough: true }) reply: FastifyReply): Promise<CreatedApiKeyAnswer> {
    const key = await this.keys.rotate(id, overlapSeconds ?? DEFAULT_OVERLAP_S);
    void reply.header('location', `/v1/api-keys/${key.id}`).header('cache-control', 'no-store');
    return key;
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Revoke an API key', description: 'It stops working on every replica within 5 seconds. The row stays.' })
  @Deleted('Revoked.')
  revoke(@UuidPath() id: string): Promise<void> {
    return this.keys.revoke(id);
  }
}

function readPermission(word: string, index: number): Permission {
  const permission = PERMISSIONS.find((candidate) => candidate === word);
  if (permission === undefined) throw invalid(`/permissions/${index}`, `must be one of ${PERMISSIONS.join(', ')}`);
  return permission;
}
