import { Module } from '@nestjs/common';
import type { ProductManifest } from '../../../src/database/manifest.js';
import { Tea } from './tea.entity.js';
import { TeasController } from './teas.controller.js';

@Module({ controllers: [TeasController] })
export class TeaHouseModule {}

/** A second product that exists only in the tests: the neighbour whose home must stay shut. */
export const TEA_HOUSE: ProductManifest = {
  kind: 'product',
  id: 'tea_house',
  title: 'Tea House',
  tags: [{ name: 'Teas', description: 'What is brewed next door.' }],
  entities: [Tea],
  migrations: new URL('./migrations/', import.meta.url),
  module: () => Promise.resolve(TeaHouseModule),
};
