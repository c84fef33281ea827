import { Body, Controller, Delete, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '../../auth/access.js';
import { Answered, Deleted } from '../../http/answers.js';
import { TextPath } from '../../http/path-params.js';
import { ProductPath } from '../../http/product-path.js';
import { RuleState, RuleStates, SetRule } from './rule.dto.js';
import { RulesService } from './rules.service.js';

const RulePath = () => TextPath('ruleId', { description: 'The rule.', example: 'record-count-low', max: 60 });

@ApiTags('Alerts')
@OperatorOnly()
@Controller('v1/alert-rules')
export class RulesController {
  constructor(private readonly rules: RulesService) {}

  @Get()
  @ApiOperation({ summary: 'List the alert rules, as they are for who sets nothing' })
  @Answered(RuleStates, 'The rules.')
  async list(): Promise<RuleStates> {
    return { items: await this.rules.list(null) };
  }

  @Put(':ruleId')
  @ApiOperation({ summary: 'Set a rule for all products', description: 'What a product sets, or its manifest says, goes before it.' })
  @Answered(RuleState, 'The rule as it is now.')
  set(@RulePath() ruleId: string, @Body() body: SetRule): Promise<RuleState> {
    return this.rules.set(ruleId, null, body);
  }

  @Delete(':ruleId')
  @ApiOperation({ summary: 'Take back what was set for all products' })
  @Deleted()
  reset(@RulePath() ruleId: string): Promise<void> {
    return this.rules.reset(ruleId, null);
  }
}

@ApiTags('Alerts')
@OperatorOnly()
@Controller('v1/products/:productId/alert-rules')
export class ProductRulesController {
  constructor(private readonly rules: RulesService) {}

  @Get()
  @ApiOperation({ summary: 'List the alert rules, as they are for a product' })
  @Answered(RuleStates, 'The rules.')
  async list(@ProductPath() productId: string): Promise<RuleStates> {
    return { items: await this.rules.list(productId) };
  }

  @Put(':ruleId')
  @ApiOperation({ summary: 'Set a rule for a product' })
  @Answered(RuleState, 'The rule as it is now.')
  set(@ProductPath() productId: string, @RulePath() ruleId: string, @Body() body: SetRule): Promise<RuleState> {
    return this.rules.set(ruleId, productId, body);
  }

  @Delete(':ruleId')
  @ApiOperation({ summary: 'Take back what was set for a product' })
  @Deleted()
  reset(@ProductPath() productId: string, @RulePath() ruleId: string): Promise<void> {
    return this.rules.reset(ruleId, productId);
  }
}
