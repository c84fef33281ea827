import { Module } from '@nestjs/common';
import { JobsModule } from '../../jobs/jobs.module.js';
import { CodingRule2Database } from './coding-rule2.database.js';
import { ConversationSearchService } from './conversations/conversation-search.service.js';
import { ConversationsController } from './conversations/conversations.controller.js';
import { ConversationsService } from './conversations/conversations.service.js';
import { ExpiredMemoriesJob } from './memories/expired-memories.job.js';
import { InheritanceController } from './memories/inheritance.controller.js';
import { InheritanceService } from './memories/inheritance.service.js';
import { MemoriesController } from './memories/memories.controller.js';
import { MemoriesService } from './memories/memories.service.js';
import { MistakePatternsController } from './mistake-patterns/mistake-patterns.controller.js';
import { MistakePatternsService } from './mistake-patterns/mistake-patterns.service.js';
import { ViolationsController } from './violations/violations.controller.js';
import { ViolationsService } from './violations/violations.service.js';

/** The data layer of an AI coding assistant. */
@Module({
  imports: [JobsModule],
  controllers: [ConversationsController, InheritanceController, MemoriesController, MistakePatternsController, ViolationsController],
  providers: [
    CodingRule2Database,
    ConversationSearchService,
    ConversationsService,
    ExpiredMemoriesJob,
    InheritanceService,
    MemoriesService,
    MistakePatternsService,
    ViolationsService,
  ],
})
export class CodingRule2Module {}
