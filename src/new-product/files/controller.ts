import type { FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';
import { withArticle } from '../words.js';

export function controllerFile(plan: ProductPlan, _fields: readonly FieldCode[]): string {
  const { id, route, one, many, oneFile, oneWord, manyWord, variable, tag } = plan;
  return `import { Body, Controller, Delete, Get, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProductAccess } from '../../../auth/access.js';
import { Answered, Created, Deleted } from '../../../http/answers.js';
import { AnswersPageOf, type Page } from '../../../http/paging.js';
import { UuidPath } from '../../../http/path-params.js';
import { pageOf, placeIn } from '../../../http/slice-page.js';
import { Create${one}, List${many} } from './${oneFile}.dto.js';
import { ${one} } from './${oneFile}.entity.js';
import { ${many}Service } from './${route}.service.js';

const PATH = 'v1/products/${id}/${route}';

@ApiTags('${tag}')
@ProductAccess()
@Controller(PATH)
export class ${many}Controller {
  constructor(private readonly service: ${many}Service) {}

  @Post()
  @ApiOperation({ summary: 'Create ${withArticle(oneWord)}' })
  @Created(${one})
  async create(@Body() body: Create${one}, @Res({ passthrough: true }) reply: FastifyReply): Promise<${one}> {
    const ${variable} = await this.service.create(body);
    void reply.header('location', \`/\${PATH}/\${${variable}.id}\`);
    return ${variable};
  }

  @Get()
  @ApiOperation({ summary: 'List ${manyWord}, newest first' })
  @AnswersPageOf(${one})
  async list(@Query() query: List${many}): Promise<Page<${one}>> {
    return pageOf(await this.service.list(query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read ${withArticle(oneWord)}' })
  @Answered(${one})
  get(@UuidPath() id: string): Promise<${one}> {
    return this.service.get(id);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete ${withArticle(oneWord)}' })
  @Deleted()
  remove(@UuidPath() id: string): Promise<void> {
    return this.service.remove(id);
  }
}
`;
}
