import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { UuidPath } from '../../../http/path-params.js';
import { InheritedBundle } from './inheritance.dto.js';
import { InheritanceService } from './inheritance.service.js';

@ApiTags('Sessions')
@ProductAccess()
@Controller('v1/products/coding_rule2/inheritance')
export class InheritanceController {
  constructor(private readonly inheritance: InheritanceService) {}

  @Get(':id')
  @ApiOperation({ summary: 'Read a bundle again', description: 'What was taken over, what was left out, and why; a memory that is gone since is null.' })
  @Answered(InheritedBundle, 'The bundle.')
  get(@UuidPath() id: string): Promise<InheritedBundle> {
    return this.inheritance.get(id);
  }
}
