import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answered, Created, Deleted } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { UuidPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { MemoriesService } from './memories.service.js';
import { MergedMemories, MergeMemories, MemorySources } from './memory-merge.dto.js';
import { MemoryMergeService } from './memory-merge.service.js';
import { ListMemories, RecordMemory } from './memory.dto.js';
import { Memory } from './memory.entity.js';

const PATH = 'v1/products/coding_rule2/memories';

@ApiTags('Memories')
@ProductAccess()
@Controller(PATH)
export class MemoriesController {
  constructor(
    private readonly memories: MemoriesService,
    private readonly merging: MemoryMergeService,
  ) {}

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

  @Post('merge')
  @HttpCode(200)
  @ApiOperation({
    summary: "Merge a session's near-duplicates",
    description: 'By the letters of their texts, without a model. The most valuable of each stays; the others become its sources, word for word. Memories whose numbers or negations differ are never merged.',
  })
  @Answered(MergedMemories, 'What was merged.')
  merge(@Body() body: MergeMemories): Promise<MergedMemories> {
    return this.merging.merge(body.sessionId, body.minSimilarity, body.plan);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a memory' })
  @Answered(Memory)
  get(@UuidPath() id: string): Promise<Memory> {
    return this.memories.get(id);
  }

  @Get(':id/sources')
  @ApiOperation({ summary: 'Read what was merged into a memory' })
  @Answered(MemorySources, 'Its sources as they were.')
  async sources(@UuidPath() id: string): Promise<MemorySources> {
    return { items: await this.merging.sourcesOf(id) };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a memory' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.memories.remove(id);
  }
}
