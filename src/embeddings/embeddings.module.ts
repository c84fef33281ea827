import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { Embeddings } from './embeddings.js';

/** Import it and inject `Embeddings` to have vectors computed. */
@Module({ imports: [MetricsModule], providers: [Embeddings], exports: [Embeddings] })
export class EmbeddingsModule {}
