import { Body, Controller, Get, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answered, Created } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { UuidPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { CorrectViolation, ListViolations, RecordViolation, SummariseViolations, ViolationSummary } from './violation.dto.js';
import { Violation } from './violation.entity.js';
import { ViolationSummaryService } from './violation-summary.service.js';
import { ViolationsService } from './violations.service.js';

const PATH = 'v1/products/coding_rule2/violations';

@ApiTags('Violations')
@ProductAccess()
@Controller(PATH)
export class ViolationsController {
  constructor(
    private readonly violations: ViolationsService,
    private readonly summary: ViolationSummaryService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Record a violation' })
  @Created(Violation)
  async record(@Body() body: RecordViolation, @Res({ passthrough: true }) reply: FastifyReply): Promise<Violation> {
    const violation = await this.violations.record(body);
    void reply.header('location', `/${PATH}/${violation.id}`);
    return violation;
  }

  @Get()
  @ApiOperation({ summary: 'List violations, newest first' })
  @AnswersPageOf(Violation)
  async list(@Query() query: ListViolations): Promise<Page<Violation>> {
    return pageOf(await this.violations.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get('summary')
  @ApiOperation({ summary: 'Count violations by rule, severity and day', description: 'And how many of them were corrected automatically, by rule, severity and week, and which come back.' })
  @Answered(ViolationSummary, 'The counts.')
  summarise(@Query() query: SummariseViolations): Promise<ViolationSummary> {
    return this.summary.summarise(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a violation' })
  @Answered(Violation)
  get(@UuidPath() id: string): Promise<Violation> {
    return this.violations.get(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Put the corrected text beside the original' })
  @Answered(Violation)
  correct(@UuidPath() id: string, @Body() body: CorrectViolation): Promise<Violation> {
    return this.violations.correct(id, body);
  }
}
