import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../../src/auth/access.js';
import { Databases } from '../../../src/database/databases.js';
import { newId } from '../../../src/database/new-id.js';
import { TextField } from '../../../src/http/fields.js';

export class BrewTea {
  @TextField({ description: 'The tea.', example: 'sencha', max: 50 })
  name!: string;
}

@ApiTags('Teas')
@ProductAccess()
@Controller('v1/products/tea_house/teas')
export class TeasController {
  constructor(private readonly databases: Databases) {}

  @Post()
  @ApiOperation({ summary: 'Brew a tea' })
  async brew(@Body() body: BrewTea): Promise<object> {
    const rows = await this.databases.product('tea_house').query<object>('INSERT INTO teas (id, name) VALUES ($1, $2) RETURNING id, name, current_user AS role', [newId(), body.name]);
    return rows[0] ?? {};
  }

  @Get()
  @ApiOperation({ summary: 'List teas' })
  async list(): Promise<object> {
    // Unqualified on purpose: the role's search_path decides which schema is meant.
    return { items: await this.databases.product('tea_house').query('SELECT id, name, current_user AS role FROM teas ORDER BY id') };
  }
}
