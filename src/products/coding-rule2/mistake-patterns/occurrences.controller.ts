import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { TextPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { MistakeOccurrence } from './mistake-occurrence.entity.js';
import { ListOccurrences, ReadRecurrence, ReadTrend, Recurrence, Trend } from './occurrences.dto.js';
import { OccurrencesService } from './occurrences.service.js';

@ApiTags('Mistakes')
@ProductAccess()
@Controller('v1/products/coding_rule2')
export class OccurrencesController {
  constructor(private readonly occurrences: OccurrencesService) {}

  @Get('mistake-patterns/:patternType/occurrences')
  @ApiOperation({ summary: 'List the occurrences of a mistake, newest first' })
  @AnswersPageOf(MistakeOccurrence)
  async list(
    @TextPath('patternType', { description: 'The name of the pattern.', example: 'claimed-tests-passed', max: 50 }) patternType: string,
    @Query() query: ListOccurrences,
  ): Promise<Page<MistakeOccurrence>> {
    return pageOf(await this.occurrences.list(patternType, query, placeIn(query, 'timestamptz')));
  }

  @Get('mistakes/trend')
  @ApiOperation({ summary: 'How often each mistake happened, by day or week' })
  @Answered(Trend)
  async trend(@Query() query: ReadTrend): Promise<Trend> {
    return { items: await this.occurrences.trend(query) };
  }

  @Get('mistakes/recurrence')
  @ApiOperation({ summary: 'Which mistakes keep happening, and which have gone quiet' })
  @Answered(Recurrence)
  recurrence(@Query() query: ReadRecurrence): Promise<Recurrence> {
    return this.occurrences.recurrence(query.days, query.atLeast);
  }
}
