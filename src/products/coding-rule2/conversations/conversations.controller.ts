import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess, Reads } from '../../../auth/access.js';
import { Answered, Created, Deleted } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { UuidPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { ConversationSearchService } from './conversation-search.service.js';
import {
  FoundConversations,
  ListConversations,
  ReadConversation,
  RecordConversation,
  RecordConversations,
  RecordedConversations,
  SearchConversations,
} from './conversation.dto.js';
import { Conversation } from './conversation.entity.js';
import { ConversationsService } from './conversations.service.js';

const PATH = 'v1/products/coding_rule2/conversations';

@ApiTags('Conversations')
@ProductAccess()
@Controller(PATH)
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly searches: ConversationSearchService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Record a conversation' })
  @Created(Conversation, 'Recorded. The body is the new row without its embedding.')
  async record(@Body() body: RecordConversation, @Res({ passthrough: true }) reply: FastifyReply): Promise<Conversation> {
    const conversation = await this.conversations.record(body);
    void reply.header('location', `/${PATH}/${conversation.id}`);
    return conversation;
  }

  @Post('batch')
  @ApiOperation({ summary: 'Record up to 500 conversations', description: 'All are recorded, or none; the answer keeps their order.' })
  @Created(RecordedConversations, 'All recorded.')
  async recordBatch(@Body() body: RecordConversations): Promise<RecordedConversations> {
    return { items: await this.conversations.recordBatch(body.items) };
  }

  @Post('search')
  @HttpCode(200)
  @Reads()
  @ApiOperation({
    summary: 'Find conversations by words, by meaning, or by both',
    description: 'By words (BM25, any of them), by cosine distance, or by both joined; best first. Filters never shorten the answer below what matches.',
  })
  @Answered(FoundConversations, 'What was found.')
  search(@Body() body: SearchConversations): Promise<FoundConversations> {
    return this.searches.search(body);
  }

  @Get()
  @ApiOperation({ summary: 'List conversations, newest first' })
  @AnswersPageOf(Conversation)
  async list(@Query() query: ListConversations): Promise<Page<Conversation>> {
    return pageOf(await this.conversations.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a conversation' })
  @Answered(Conversation)
  get(@UuidPath() id: string, @Query() query: ReadConversation): Promise<Conversation> {
    return this.conversations.get(id, query.include === 'embedding');
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a conversation' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.conversations.remove(id);
  }
}
