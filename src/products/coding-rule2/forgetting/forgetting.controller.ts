import { Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited, ProductAccess } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { TextPath, UuidPath } from '../../../http/path-params.js';
import { ForgetSession, Forgotten } from './forgotten.dto.js';
import { ForgettingService } from './forgetting.service.js';

@ApiTags('Sessions')
@ProductAccess()
@Controller('v1/products/coding_rule2')
export class ForgettingController {
  constructor(private readonly forgetting: ForgettingService) {}

  @Post('sessions/:sessionId/forget')
  @HttpCode(200)
  @Audited()
  @ApiOperation({
    summary: 'Erase a session everywhere, and prove it',
    description: 'Its memories, conversations, bundles, its items in the bundles of others, answers kept for an Idempotency-Key; mistakes and violations stay without it. It can not be taken back, and is in the audit log.',
  })
  @Answered(Forgotten, 'What was erased, by table, and what is left: nothing.')
  forgetSession(
    @TextPath('sessionId', { description: 'The session.', example: 'session-42', max: 100, mayBeBlank: true }) sessionId: string,
    @Query() query: ForgetSession,
  ): Promise<Forgotten> {
    return this.forgetting.forgetSession(sessionId, query.eraseViolations);
  }

  @Post('memories/:id/forget')
  @HttpCode(200)
  @Audited()
  @ApiOperation({
    summary: 'Erase a memory everywhere, and prove it',
    description: 'Deleting a memory leaves on record that it was handed on; this erases that too, and what was merged into it. It can not be taken back, and is in the audit log.',
  })
  @Answered(Forgotten, 'What was erased, by table, and what is left: nothing.')
  forgetMemory(@UuidPath() id: string): Promise<Forgotten> {
    return this.forgetting.forgetMemory(id);
  }
}
