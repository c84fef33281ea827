import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../../../database/databases.js';
import { Embeddings } from '../../../embeddings/embeddings.js';
import type { KeptVectors, VectorKeeper } from '../../../embeddings/vector-keeper.js';
import { JobRunner } from '../../../jobs/job-runner.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { EMBEDDED, EmbeddingStates } from './embedding-states.js';
import type { EmbeddingUpkeep } from './embedding-upkeep.js';
import { PatternUpkeep } from './pattern-upkeep.js';
import { RowEmbedder } from './row-embedder.js';
import { TableUpkeep } from './table-upkeep.js';

const PRODUCT = 'coding_rule2';

/** Sees to it in the background that what can be found by its meaning has a vector, where a provider is configured. */
@Injectable()
export class EmbeddingKeeper implements VectorKeeper, OnModuleInit {
  readonly productId = PRODUCT;
  readonly jobName = 'coding_rule2.embeddings';
  private readonly logger = new Logger(EmbeddingKeeper.name);
  private readonly upkeeps: readonly EmbeddingUpkeep[];
  private hasLooked = false;

  constructor(
    private readonly runner: JobRunner,
    private readonly databases: Databases,
    private readonly embeddings: Embeddings,
    private readonly states: EmbeddingStates,
    database: CodingRule2Database,
    embedder: RowEmbedder,
  ) {
    const batch = (): number => embeddings.batch;
    this.upkeeps = [
      new TableUpkeep('conversations', database, states, embedder, batch),
      new TableUpkeep('memories', database, states, embedder, batch),
      new PatternUpkeep(database, states, embedder, batch),
    ];
  }

  onModuleInit(): void {
    if (!this.databases.serves(PRODUCT)) return;
    this.embeddings.addKeeper(this);
    if (this.embeddings.model === undefined) return;
    this.runner.add({ name: this.jobName, everySeconds: 2, leaseSeconds: 30, run: (signal) => this.work(signal) });
  }

  /** Portion by portion in turn, so that a table of millions keeps a new row of another one waiting for one portion at most. */
  private async work(signal: AbortSignal): Promise<void> {
    if (!this.hasLooked) await this.tellOfAnotherModel();
    for (let handled = 1; handled > 0; ) {
      handled = 0;
      for (const upkeep of this.upkeeps) if (!signal.aborted) handled += await upkeep.step(signal);
    }
  }

  /** A setting that has no effect yet should not look as if it had. */
  private async tellOfAnotherModel(): Promise<void> {
    this.hasLooked = true;
    const { model } = this.embeddings;
    const other = (await this.states.all()).find((state) => state.model !== model && state.nextModel === null);
    if (other === undefined) return;
    this.logger.warn(`NAGAYA_EMBEDDINGS_MODEL is ${model}, but ${other.corpus} of ${PRODUCT} are searched by ${other.model}. "nagaya reembed" changes over.`);
  }

  async begin(model: string): Promise<void> {
    for (const upkeep of this.upkeeps) {
      const counts = await upkeep.countByModel();
      await this.states.begin(upkeep.corpus, model, counts.reduce((sum, count) => sum + (count.model === model ? 0 : count.rows), 0));
    }
  }

  async look(): Promise<KeptVectors[]> {
    const states = new Map((await this.states.all()).map((state) => [state.corpus, state]));
    return EMBEDDED.flatMap((name) => {
      const state = states.get(name);
      if (state === undefined) return [];
      return [{ name, model: state.model, nextModel: state.nextModel, total: Number(state.total), done: Number(state.done), refused: Number(state.refused) }];
    });
  }

  async countByModel(): Promise<{ name: string; model: string | null; hasVector: boolean; rows: number }[]> {
    const counts = [];
    for (const upkeep of this.upkeeps) counts.push(...(await upkeep.countByModel()).map((count) => ({ name: upkeep.corpus, ...count })));
    return counts;
  }
}
