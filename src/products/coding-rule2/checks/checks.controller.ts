import { Body, Controller, Get, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { UuidPath } from '../../../http/path-params.js';
import { CheckAction, CheckOutcome, CheckResult, Effectiveness, ReportOutcome } from './check.dto.js';
import { ChecksService } from './checks.service.js';

const PATH = 'v1/products/coding_rule2';

@ApiTags('Mistakes')
@ProductAccess()
@Controller(PATH)
export class ChecksController {
  constructor(private readonly checks: ChecksService) {}

  @Post('mistakes/check')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ask before acting',
    description: 'Holds an action against the rules of every known mistake (`patternData`: `regexes` as RE2 takes them, `phrases`, `examples`; `severity`) and advises to allow it, to think again, or not to do it.',
  })
  @Answered(CheckResult, 'The advice, and why.')
  async check(@Body() body: CheckAction, @Res({ passthrough: true }) reply: FastifyReply): Promise<CheckResult> {
    const result = await this.checks.check(body);
    void reply.header('location', `/${PATH}/checks/${result.id}`);
    return result;
  }

  @Get('checks/:id')
  @ApiOperation({ summary: 'Read what was advised, and what came of it' })
  @Answered(CheckOutcome)
  get(@UuidPath() id: string): Promise<CheckOutcome> {
    return this.checks.get(id);
  }

  @Post('checks/:id/outcome')
  @HttpCode(200)
  @ApiOperation({ summary: 'Report what came of a check', description: 'Whether the advice was followed, and whether the mistake happened anyway. Occurrences are not counted by it.' })
  @Answered(CheckOutcome)
  report(@UuidPath() id: string, @Body() body: ReportOutcome): Promise<CheckOutcome> {
    return this.checks.report(id, body);
  }

  @Get('mistakes/effectiveness')
  @ApiOperation({ summary: 'How well each pattern prevents its mistake, and how often it cries wolf' })
  @Answered(Effectiveness)
  effectiveness(): Promise<Effectiveness> {
    return this.checks.effectiveness();
  }
}
