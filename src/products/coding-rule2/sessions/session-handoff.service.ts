import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { MemoriesService } from '../memories/memories.service.js';
import type { HandedOff, HandOff } from './session-handoff.dto.js';

/** Above what sessions remember by default (5), so that a small budget still carries where things stand. */
const SUMMARY_PRIORITY = 9;
const QUESTION_PRIORITY = 8;

/** Writes down what a session leaves to those after it. */
@Injectable()
export class SessionHandoffService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly memories: MemoriesService,
  ) {}

  /** All of it is remembered, or nothing. */
  async handOff(sessionId: string, { summary, openQuestions = [], memories = [] }: HandOff): Promise<HandedOff> {
    return this.database.unitOfWork(async () => {
      const rows = await this.memories.recordAll([
        { sessionId, memoryType: 'session_summary', memoryContent: { text: summary }, retentionPriority: SUMMARY_PRIORITY },
        ...openQuestions.map((text) => ({ sessionId, memoryType: 'open_question', memoryContent: { text }, retentionPriority: QUESTION_PRIORITY })),
        ...memories.map((memory) => ({ ...memory, sessionId })),
      ]);
      const [first, ...others] = rows;
      return {
        sessionId,
        summary: first as HandedOff['summary'],
        openQuestions: others.slice(0, openQuestions.length),
        memories: others.slice(openQuestions.length),
      };
    });
  }
}
