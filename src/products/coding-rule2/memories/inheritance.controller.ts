import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../../auth/access.js';
import { Created } from '../../../http/answers.js';
import { TextPath } from '../../../http/path-params.js';
import { InheritanceService } from './inheritance.service.js';
import { Inherit, InheritedBundle } from './memory.dto.js';

@ApiTags('Memories')
@ProductAccess()
@Controller('v1/products/coding_rule2/sessions')
export class InheritanceController {
  constructor(private readonly inheritance: InheritanceService) {}

  @Post(':sessionId/inherit')
  @ApiOperation({ summary: "Take over another session's memories", description: 'The most valuable first, as far as the budget goes. Asking again makes a new bundle.' })
  @Created(InheritedBundle, 'What was taken over, what was left out, and why.')
  inherit(
    @TextPath('sessionId', { description: 'The session that inherits.', example: 'session-42', max: 100 }) sessionId: string,
    @Body() body: Inherit,
  ): Promise<InheritedBundle> {
    return this.inheritance.inherit(sessionId, body.fromSessionId, body.budgetTokens);
  }
}
