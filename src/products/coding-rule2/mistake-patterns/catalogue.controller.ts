import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { ExportedCatalogue, ImportCatalogue, ImportedCatalogue } from './catalogue.dto.js';
import { CatalogueService } from './catalogue.service.js';

@ApiTags('Mistakes')
@ProductAccess()
@Controller('v1/products/coding_rule2/mistakes/catalogue')
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  @ApiOperation({ summary: 'Export the catalogue of mistake patterns', description: 'As the import takes it.' })
  @Answered(ExportedCatalogue)
  async export(): Promise<ExportedCatalogue> {
    return { patterns: await this.catalogue.export() };
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Import a catalogue of mistake patterns', description: 'Up to 1,000 patterns, all or none. Known ones are described anew; their occurrences stay.' })
  @Answered(ImportedCatalogue)
  import(@Body() body: ImportCatalogue): Promise<ImportedCatalogue> {
    return this.catalogue.import(body.patterns);
  }
}
