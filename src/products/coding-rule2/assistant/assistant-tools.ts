import { Injectable } from '@nestjs/common';
import { tool, type McpTool } from '../../../mcp/mcp-catalogue.js';
import { CheckAction, CheckOutcome, CheckResult } from '../checks/check.dto.js';
import { ChecksService } from '../checks/checks.service.js';
import { Forgotten } from '../forgetting/forgotten.dto.js';
import { ForgettingService } from '../forgetting/forgetting.service.js';
import { MemoriesService } from '../memories/memories.service.js';
import { RecordMemory } from '../memories/memory.dto.js';
import { Memory } from '../memories/memory.entity.js';
import { MistakePattern } from '../mistake-patterns/mistake-pattern.entity.js';
import { MistakePatternsService } from '../mistake-patterns/mistake-patterns.service.js';
import { InheritanceService } from '../sessions/inheritance.service.js';
import { HandedOff } from '../sessions/session-handoff.dto.js';
import { SessionHandoffService } from '../sessions/session-handoff.service.js';
import { RecordViolation } from '../violations/violation.dto.js';
import { Violation } from '../violations/violation.entity.js';
import { ViolationsService } from '../violations/violations.service.js';
import { AssistantStatsService } from './assistant-stats.service.js';
import { MemoryRecallService } from './memory-recall.service.js';
import { AskForStats, AssistantStats, HandOffSession, MemoryId, RecalledMemories, RecordMistake, ReportMistakeOutcome, SearchMemory, StartedSession, StartSession } from './assistant.dto.js';

/** What an assistant can call. Each tool is a service that REST calls as well, on the same login. */
@Injectable()
export class AssistantTools {
  readonly all: readonly McpTool[];

  constructor(
    private readonly inheritance: InheritanceService,
    checks: ChecksService,
    patterns: MistakePatternsService,
    memories: MemoriesService,
    recall: MemoryRecallService,
    forgetting: ForgettingService,
    handoff: SessionHandoffService,
    violations: ViolationsService,
    stats: AssistantStatsService,
  ) {
    this.all = [
      tool({
        name: 'mistake_check',
        title: 'Check before acting',
        description: 'Call this before a command, an edit or a claim that could go wrong. Tells whether it repeats a mistake that was made before: allow, warn or block, why, and what prevents it.',
        looks: true,
        input: CheckAction,
        output: CheckResult,
        run: (action) => checks.check(action),
      }),
      tool({
        name: 'mistake_outcome',
        title: 'Report what came of a check',
        description: 'Report whether the advice of a check was followed, and whether the mistake happened anyway: so patterns that warn for nothing are found.',
        idempotent: true,
        input: ReportMistakeOutcome,
        output: CheckOutcome,
        run: ({ checkId, ...outcome }) => checks.report(checkId, outcome),
      }),
      tool({
        name: 'mistake_record',
        title: 'Record a mistake',
        description: 'Record that a mistake happened: it counts towards its pattern, and is warned of the next time. Say what would have prevented it.',
        input: RecordMistake,
        output: MistakePattern,
        run: ({ patternType, ...occurrence }) => patterns.recordOccurrence(patternType, occurrence),
      }),
      tool({
        name: 'memory_add',
        title: 'Remember',
        description: 'Remember something beyond this session: a decision, a lesson, a preference. One fact each, in a sentence that can be understood alone.',
        input: RecordMemory,
        output: Memory,
        run: (memory) => memories.record(memory),
      }),
      tool({
        name: 'memory_search',
        title: 'Search memories',
        description: 'Find memories by words, in any language, and by what they mean where that can be computed. Answers how each begins and how many tokens it has; read with memory_get those that are worth it.',
        reads: true,
        input: SearchMemory,
        output: RecalledMemories,
        run: (search) => recall.search(search),
      }),
      tool({
        name: 'memory_get',
        title: 'Read a memory',
        description: 'The whole of a memory, by its id.',
        reads: true,
        input: MemoryId,
        output: Memory,
        run: ({ id }) => memories.get(id),
      }),
      tool({
        name: 'memory_forget',
        title: 'Forget a memory',
        description: 'Erase a memory everywhere, and what was merged into it. It can not be taken back.',
        destructive: true,
        idempotent: true,
        input: MemoryId,
        output: Forgotten,
        run: ({ id }) => forgetting.forgetMemory(id),
      }),
      tool({
        name: 'session_start',
        title: 'Start a session',
        description: 'Call this first. Gives what earlier sessions left for this one, within a budget of tokens; say what the task is, so that what speaks of it comes first.',
        input: StartSession,
        output: StartedSession,
        run: (start) => this.startSession(start),
      }),
      tool({
        name: 'session_handoff',
        title: 'Hand off a session',
        description: 'Call this last. Writes down where things stand, what is open, and what else the next session should know.',
        input: HandOffSession,
        output: HandedOff,
        run: ({ sessionId, ...left }) => handoff.handOff(sessionId, left),
      }),
      tool({
        name: 'violation_record',
        title: 'Record a violation',
        description: 'Record that an answer broke a rule, with what was said and what should have been.',
        input: RecordViolation,
        output: Violation,
        run: (violation) => violations.record(violation),
      }),
      tool({
        name: 'stats',
        title: 'Statistics',
        description: 'How much is recorded, and which mistakes come back most often.',
        reads: true,
        input: AskForStats,
        output: AssistantStats,
        run: ({ topMistakes }) => stats.read(topMistakes),
      }),
    ];
  }

  private async startSession({ sessionId, fromSessionId, budgetTokens, task }: StartSession): Promise<StartedSession> {
    const from = fromSessionId ?? (await this.inheritance.list(sessionId, 1, undefined)).items[0]?.fromSessionId;
    if (from === undefined) return { sessionId, fromSessionId: null, bundleId: null, usedTokens: 0, leftOutCount: 0, memories: [] };
    const bundle = await this.inheritance.inherit(sessionId, { fromSessionId: from, budgetTokens, leaveOutNearDuplicates: true, ...(task !== undefined && { task }) });
    const taken = bundle.items.filter((item) => item.included);
    return {
      sessionId,
      fromSessionId: from,
      bundleId: bundle.id,
      usedTokens: bundle.usedTokens,
      leftOutCount: bundle.items.length - taken.length,
      memories: taken.flatMap(({ memory, tokens, reason }) => (memory === null ? [] : [{ id: memory.id, memoryType: memory.memoryType, memoryContent: memory.memoryContent, tokens, reason }])),
    };
  }
}
