import { Body, Controller, Delete, Get, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Created, Deleted } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { UuidPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { MemoriesService } from './memories.service.js';
import { ListMemories, RecordMemory } from './memory.dto.js';
import { Memory } from './memory.entity.js';

const PATH = 'v1/products/coding_rule2/memories';

@ApiTags('Memories')
@ProductAccess()
@Controller(PATH)
export class MemoriesController {
  constructor(private readonly memories: MemoriesService) {}

  @Post()
  @ApiOperation({ summary: 'Record a memory' })
  @Created(Memory)
  async record(@Body() body: RecordMemory, @Res({ passthrough: true }) reply: FastifyReply): Promise<Memory> {
    const memory = await this.memories.record(body);
    void reply.header('location', `/${PATH}/${memory.id}`);
    return memory;
  }

  @Get()
  @ApiOperation({ summary: 'List memories, newest first', description: 'Expired ones are never among them.' })
  @AnswersPageOf(Memory)
  async list(@Query() query: ListMemories): Promise<Page<Memory>> {
    return pageOf(await this.memories.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a memory' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.memories.remove(id);
  }
}
