import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../auth/access.js';
import { Answered } from '../../http/answers.js';
import { AnswersPageOf, PageQuery, type Page } from '../../http/paging.js';
import { TextPath } from '../../http/path-params.js';
import { ProductPath } from '../../http/product-path.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { Heartbeat, WorkerState } from './worker.dto.js';
import { WorkersService } from './workers.service.js';

@ApiTags('Workers')
@ProductAccess()
@Controller('v1/products/:productId/workers')
export class WorkersController {
  constructor(private readonly workers: WorkersService) {}

  @Put(':workerId/heartbeat')
  @ApiOperation({ summary: 'Report that a worker is alive', description: 'The first report makes the worker known.' })
  @Answered(WorkerState)
  heartbeat(
    @ProductPath() productId: string,
    @TextPath('workerId', { description: "The worker's name within the product.", example: 'indexer-1', max: 50 }) workerId: string,
    @Body() body: Heartbeat,
  ): Promise<WorkerState> {
    return this.workers.heartbeat(productId, workerId, body);
  }

  @Get()
  @ApiOperation({ summary: 'List workers, the one heard of last first' })
  @AnswersPageOf(WorkerState)
  async list(@ProductPath() productId: string, @Query() query: PageQuery): Promise<Page<WorkerState>> {
    return pageOf(await this.workers.list(productId, query.limit, placeIn(query, 'timestamptz')));
  }
}
