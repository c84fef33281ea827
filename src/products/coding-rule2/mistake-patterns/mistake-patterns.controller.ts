import { Body, Controller, Get, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answered, Created } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { TextPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { DescribePattern, ListPatterns, RecordOccurrence } from './mistake-pattern.dto.js';
import { MistakePattern } from './mistake-pattern.entity.js';
import { keyTypeOf, MistakePatternsService } from './mistake-patterns.service.js';

const PATH = 'v1/products/coding_rule2/mistake-patterns';

@ApiTags('Mistakes')
@ProductAccess()
@Controller(PATH)
export class MistakePatternsController {
  constructor(private readonly patterns: MistakePatternsService) {}

  @Put(':patternType')
  @ApiOperation({ summary: 'Describe a mistake pattern', description: 'Makes it, or replaces its description; how often it has happened stays.' })
  @Created(MistakePattern, 'The pattern is new.')
  @Answered(MistakePattern, 'The pattern was known and is described anew.')
  async describe(
    @PatternTypePath() patternType: string,
    @Body() body: DescribePattern,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MistakePattern> {
    const { pattern, isNew } = await this.patterns.describe(patternType, body);
    void reply.status(isNew ? 201 : 200);
    if (isNew) void reply.header('location', addressOf(patternType));
    return pattern;
  }

  @Post(':patternType/occurrences')
  @ApiOperation({ summary: 'Record that a mistake happened', description: 'Adds one to its occurrences; makes the pattern if it is new.' })
  @Created(MistakePattern, 'Recorded. The body is the pattern.')
  async record(
    @PatternTypePath() patternType: string,
    @Body() body: RecordOccurrence,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MistakePattern> {
    const pattern = await this.patterns.recordOccurrence(patternType, body);
    void reply.header('location', addressOf(patternType));
    return pattern;
  }

  @Get()
  @ApiOperation({ summary: 'List mistake patterns', description: 'Newest first, or by occurrences or last occurrence.' })
  @AnswersPageOf(MistakePattern)
  async list(@Query() query: ListPatterns): Promise<Page<MistakePattern>> {
    const { orderBy } = query;
    return pageOf(await this.patterns.list(orderBy, query.limit, placeIn(query, keyTypeOf(orderBy), orderBy)), orderBy);
  }

  @Get(':patternType')
  @ApiOperation({ summary: 'Read a mistake pattern' })
  @Answered(MistakePattern)
  get(@PatternTypePath() patternType: string): Promise<MistakePattern> {
    return this.patterns.get(patternType);
  }
}

function PatternTypePath(): ParameterDecorator {
  return TextPath('patternType', { description: 'The name of the pattern.', example: 'claimed-tests-passed', max: 50 });
}

function addressOf(patternType: string): string {
  return `/${PATH}/${encodeURIComponent(patternType)}`;
}
