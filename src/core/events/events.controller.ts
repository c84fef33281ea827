import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../auth/access.js';
import { AppError } from '../../errors/app-error.js';
import { Created } from '../../http/answers.js';
import { AnswersPageOf, type Page } from '../../http/paging.js';
import { ProductPath } from '../../http/product-path.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { ListEvents, RecordEvent, RecordedEvents, RecordEvents } from './event.dto.js';
import { EventsService } from './events.service.js';
import { MonitoringEvent } from './monitoring-event.entity.js';

@ApiTags('Events')
@ProductAccess()
@Controller('v1/products/:productId/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @ApiOperation({ summary: 'Record an event' })
  @Created(MonitoringEvent)
  async record(
    @ProductPath() productId: string,
    @Body() body: RecordEvent,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MonitoringEvent> {
    const [event] = await this.events.record(productId, [body], () => '/timestamp');
    if (event === undefined) throw new AppError('internal', 'The event was not recorded.');
    void reply.header('location', `/v1/products/${productId}/events?since=${encodeURIComponent(event.timestamp.toISOString())}`);
    return event;
  }

  @Post('batch')
  @ApiOperation({ summary: 'Record up to 1,000 events', description: 'All are recorded, or none; the answer keeps their order.' })
  @Created(RecordedEvents, 'All recorded.')
  async recordBatch(@ProductPath() productId: string, @Body() body: RecordEvents): Promise<RecordedEvents> {
    return { items: await this.events.record(productId, body.items, (index) => `/items/${index}/timestamp`) };
  }

  @Get()
  @ApiOperation({ summary: 'List events, newest first' })
  @AnswersPageOf(MonitoringEvent)
  async list(@ProductPath() productId: string, @Query() query: ListEvents): Promise<Page<MonitoringEvent>> {
    return pageOf(await this.events.list(productId, query, query.limit, placeIn(query, 'timestamptz')));
  }
}
