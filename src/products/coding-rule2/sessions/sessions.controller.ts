import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answers, Created } from '../../../http/answers.js';
import { AnswersPageOf, PageQuery, type Page } from '../../../http/paging.js';
import { TextPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { Inherit, InheritedBundle } from './inheritance.dto.js';
import { InheritanceBundle } from './inheritance.entity.js';
import { InheritanceService } from './inheritance.service.js';
import { HandedOff, HandOff } from './session-handoff.dto.js';
import { SessionHandoffService } from './session-handoff.service.js';

const PRODUCT = 'v1/products/coding_rule2';

@ApiTags('Sessions')
@ProductAccess()
@Controller(`${PRODUCT}/sessions`)
export class SessionsController {
  constructor(
    private readonly inheritance: InheritanceService,
    private readonly handoff: SessionHandoffService,
  ) {}

  @Post(':sessionId/inherit')
  @ApiOperation({
    summary: "Take over another session's memories",
    description: 'And those which that session inherited itself. The most valuable first, as far as the budget goes. Asking again makes a new bundle. Sessions that would inherit from each other in a circle are refused.',
  })
  @Answers('conflict')
  @Created(InheritedBundle, 'What was taken over, what was left out, and why.')
  async inherit(@SessionPath() sessionId: string, @Body() body: Inherit, @Res({ passthrough: true }) reply: FastifyReply): Promise<InheritedBundle> {
    const bundle = await this.inheritance.inherit(sessionId, body);
    void reply.header('location', `/${PRODUCT}/inheritance/${bundle.id}`);
    return bundle;
  }

  @Get(':sessionId/inheritance')
  @ApiOperation({ summary: 'List what a session has inherited, newest first', description: 'The bundles without their items; `GET inheritance/{id}` has those.' })
  @AnswersPageOf(InheritanceBundle)
  async list(@SessionPath() sessionId: string, @Query() query: PageQuery): Promise<Page<InheritanceBundle>> {
    return pageOf(await this.inheritance.list(sessionId, query.limit, placeIn(query, 'timestamptz')));
  }

  @Post(':sessionId/handoff')
  @ApiOperation({ summary: 'Write down what a session leaves behind', description: 'Its summary, its open questions and what else is to be remembered, all of it or nothing.' })
  @Created(HandedOff, 'Remembered.')
  async handOff(@SessionPath() sessionId: string, @Body() body: HandOff, @Res({ passthrough: true }) reply: FastifyReply): Promise<HandedOff> {
    const handedOff = await this.handoff.handOff(sessionId, body);
    void reply.header('location', `/${PRODUCT}/memories?sessionId=${encodeURIComponent(sessionId)}`);
    return handedOff;
  }
}

export function SessionPath(): ParameterDecorator {
  return TextPath('sessionId', { description: 'The session.', example: 'session-42', max: 100 });
}
