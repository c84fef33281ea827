import { Body, Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { OperatorOnly } from '../auth/access.js';
import { Answered, Answers } from '../http/answers.js';
import { AnswersPageOf, type Page } from '../http/paging.js';
import { UuidPath } from '../http/path-params.js';
import { pageOf, placeIn } from '../http/slice-page.js';
import { AcknowledgeAlert, ListAlerts } from './alert.dto.js';
import { Alert } from './alert.entity.js';
import { AlertsService } from './alerts.service.js';

@ApiTags('Alerts')
@OperatorOnly()
@Controller('v1/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get()
  @ApiOperation({ summary: 'List alerts, the one that began last first', description: 'Pending and firing ones, and those that are over.' })
  @AnswersPageOf(Alert)
  async list(@Query() query: ListAlerts): Promise<Page<Alert>> {
    const { items, next } = await this.alerts.list(query, query.limit, placeIn(query, 'timestamptz'));
    return pageOf({ items: items.map(shown), next });
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an alert' })
  @Answered(Alert)
  async get(@UuidPath() id: string): Promise<Alert> {
    return shown(await this.alerts.get(id));
  }

  @Post(':id/acknowledge')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take an alert on', description: 'It is not repeated from then on; that it is over is told all the same.' })
  @Answered(Alert)
  @Answers('conflict')
  async acknowledge(@UuidPath() id: string, @Body() body: AcknowledgeAlert, @Req() request: FastifyRequest): Promise<Alert> {
    return shown(await this.alerts.acknowledge(id, request.principal?.name ?? '', body.note ?? ''));
  }
}

/** How often it was told and pushed is the outbox's business. */
function shown({ notifications: _, pushedAt: __, ...alert }: Alert): Alert {
  return alert as Alert;
}
