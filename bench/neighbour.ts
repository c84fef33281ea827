import { Module } from '@nestjs/common';
import type { ProductManifest } from '../src/database/manifest.js';

@Module({})
class NeighbourModule {}

/** A product that has nothing but what every product has: events, metrics and workers. */
export const NEIGHBOUR: ProductManifest = {
  kind: 'product',
  id: 'bench_neighbour',
  title: 'The neighbour of a product that is flooded',
  tags: [],
  entities: [],
  migrations: new URL('./fleet/', import.meta.url),
  module: () => Promise.resolve(NeighbourModule),
};
