import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess, Reads } from '../../../auth/access.js';
import { Answered } from '../../../http/answers.js';
import { FoundMemories, SearchMemories } from './memory-search.dto.js';
import { MemorySearchService } from './memory-search.service.js';

@ApiTags('Memories')
@ProductAccess()
@Controller('v1/products/coding_rule2/memories')
export class MemorySearchController {
  constructor(private readonly searches: MemorySearchService) {}

  @Post('search')
  @HttpCode(200)
  @Reads()
  @ApiOperation({
    summary: 'Find memories by words, by meaning, or by both',
    description: 'By words (BM25 over every text in their content, any of the words), by cosine distance, or by both joined; best first. Filters never shorten the answer below what matches.',
  })
  @Answered(FoundMemories, 'What was found.')
  search(@Body() body: SearchMemories): Promise<FoundMemories> {
    return this.searches.search(body);
  }
}
