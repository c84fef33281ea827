import { Module } from '@nestjs/common';
import { RetentionModule } from '../../retention/retention.module.js';
import { AuthModule } from '../../auth/auth.module.js';
import { EmbeddingsModule } from '../../embeddings/embeddings.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { AssistantController } from './assistant/assistant.controller.js';
import { AssistantStatsService } from './assistant/assistant-stats.service.js';
import { AssistantTexts } from './assistant/assistant-texts.js';
import { AssistantTools } from './assistant/assistant-tools.js';
import { MemoryRecallService } from './assistant/memory-recall.service.js';
import { ChecksController } from './checks/checks.controller.js';
import { ChecksService } from './checks/checks.service.js';
import { KnownPatterns } from './checks/known-patterns.js';
import { CodingRule2Database } from './coding-rule2.database.js';
import { ConversationSearchService } from './conversations/conversation-search.service.js';
import { ConversationsController } from './conversations/conversations.controller.js';
import { ConversationsService } from './conversations/conversations.service.js';
import { EmbeddingFigures } from './embeddings/embedding-figures.js';
import { EmbeddingKeeper } from './embeddings/embedding-keeper.js';
import { EmbeddingStates } from './embeddings/embedding-states.js';
import { QuestionVectors } from './embeddings/question-vectors.js';
import { RowEmbedder } from './embeddings/row-embedder.js';
import { ForgettingController } from './forgetting/forgetting.controller.js';
import { ForgettingService } from './forgetting/forgetting.service.js';
import { ExpiredMemoriesJob } from './memories/expired-memories.job.js';
import { MemoriesController } from './memories/memories.controller.js';
import { MemoriesService } from './memories/memories.service.js';
import { MemoryMergeService } from './memories/memory-merge.service.js';
import { CatalogueController } from './mistake-patterns/catalogue.controller.js';
import { CatalogueService } from './mistake-patterns/catalogue.service.js';
import { MistakePatternsController } from './mistake-patterns/mistake-patterns.controller.js';
import { MistakePatternsService } from './mistake-patterns/mistake-patterns.service.js';
import { OccurrencesController } from './mistake-patterns/occurrences.controller.js';
import { OccurrencesService } from './mistake-patterns/occurrences.service.js';
import { InheritanceController } from './sessions/inheritance.controller.js';
import { InheritanceService } from './sessions/inheritance.service.js';
import { SessionHandoffService } from './sessions/session-handoff.service.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { ViolationSummaryService } from './violations/violation-summary.service.js';
import { SearchedRetention } from './search/searched-retention.js';
import { Indexing } from './search/indexing.service.js';
import { MemorySearchController } from './search/memory-search.controller.js';
import { MemorySearchService } from './search/memory-search.service.js';
import { SearchService } from './search/search.service.js';
import { SegmentCheck } from './search/segment-check.service.js';
import { SegmentCompaction } from './search/segment-compaction.service.js';
import { TextIndexer } from './search/text-indexer.service.js';
import { ViolationsController } from './violations/violations.controller.js';
import { ViolationsService } from './violations/violations.service.js';

/** The data layer of an AI coding assistant. */
@Module({
  imports: [AuthModule, EmbeddingsModule, JobsModule, MetricsModule, RetentionModule],
  controllers: [
    AssistantController,
    CatalogueController,
    ChecksController,
    ConversationsController,
    OccurrencesController,
    ForgettingController,
    InheritanceController,
    MemoriesController,
    MemorySearchController,
    MistakePatternsController,
    SessionsController,
    ViolationsController,
  ],
  providers: [
    AssistantStatsService,
    AssistantTexts,
    AssistantTools,
    CatalogueService,
    ChecksService,
    CodingRule2Database,
    ConversationSearchService,
    ConversationsService,
    EmbeddingFigures,
    EmbeddingKeeper,
    EmbeddingStates,
    ExpiredMemoriesJob,
    ForgettingService,
    Indexing,
    InheritanceService,
    KnownPatterns,
    MemoriesService,
    MemoryMergeService,
    MemoryRecallService,
    MistakePatternsService,
    OccurrencesService,
    QuestionVectors,
    RowEmbedder,
    SessionHandoffService,
    ViolationSummaryService,
    MemorySearchService,
    SearchService,
    SearchedRetention,
    SegmentCheck,
    SegmentCompaction,
    TextIndexer,
    ViolationsService,
  ],
})
export class CodingRule2Module {}
