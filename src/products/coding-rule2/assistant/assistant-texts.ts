import { Injectable } from '@nestjs/common';
import type { McpPrompt, McpResource } from '../../../mcp/mcp-catalogue.js';
import { notFound } from '../../../errors/app-error.js';
import { MemoriesService } from '../memories/memories.service.js';
import { MistakePatternsService } from '../mistake-patterns/mistake-patterns.service.js';
import type { InheritedBundle } from '../sessions/inheritance.dto.js';
import { InheritanceService } from '../sessions/inheritance.service.js';

const RECENT = 20;
const TOP = 10;

/** What an assistant can read, and start from. */
@Injectable()
export class AssistantTexts {
  readonly resources: readonly McpResource[] = [
    {
      uri: 'nagaya://memories/recent',
      name: 'Recent memories',
      description: `The ${RECENT} newest memories.`,
      read: async () => ({ items: (await this.memories.list({}, RECENT, undefined)).items }),
    },
    {
      uri: 'nagaya://mistakes/top',
      name: 'Top mistakes',
      description: `The ${TOP} mistakes that come back most often, and what prevents them.`,
      read: async () => ({ items: await this.topMistakes() }),
    },
    {
      uri: 'nagaya://sessions/{sessionId}/inheritance',
      name: "A session's inheritance",
      description: 'What a session inherited last: each memory, whether it was taken, and why.',
      read: async ({ sessionId = '' }) => {
        const bundle = await this.lastBundle(sessionId);
        if (bundle === undefined) throw notFound();
        return bundle;
      },
    },
  ];

  readonly prompts: readonly McpPrompt[] = [
    {
      name: 'check_before_act',
      description: 'Look at what one is about to do in the light of the mistakes that were made before.',
      arguments: [{ name: 'action', description: 'What is about to be done.', required: true }, { name: 'context', description: 'In what situation.', required: false }],
      write: async ({ action = '', context }) => {
        const known = (await this.topMistakes()).map(({ patternType, patternDescription, occurrences, preventionActions }) =>
          `- ${patternType} (${occurrences} times): ${patternDescription} ${(preventionActions ?? []).join(' ')}`.trimEnd());
        return [
          `Before you act, check this action against the mistakes that were made before.\n\nAction: ${action}`,
          ...(context === undefined ? [] : [`Context: ${context}`]),
          known.length === 0 ? 'No mistakes are on record yet.' : `Mistakes that come back most often:\n${known.join('\n')}`,
          'Call mistake_check with this action. If it advises against it, do it another way; say what you do to prevent the mistake. Afterwards call mistake_outcome, and mistake_record if it went wrong nevertheless.',
        ].join('\n\n');
      },
    },
    {
      name: 'continue_session',
      description: 'Go on where an earlier session stopped.',
      arguments: [{ name: 'sessionId', description: 'The session that goes on.', required: true }, { name: 'task', description: 'What is to be done.', required: false }],
      write: async ({ sessionId = '', task }) => {
        const bundle = await this.lastBundle(sessionId);
        const known = (bundle?.items ?? []).filter((item) => item.included && item.memory !== null).map(({ memory }) => `- ${memory?.memoryType}: ${JSON.stringify(memory?.memoryContent)}`);
        return [
          `You continue the session ${sessionId}.`,
          ...(task === undefined ? [] : [`Task: ${task}`]),
          known.length === 0 ? 'It has inherited nothing yet: call session_start first.' : `What it inherited from ${bundle?.fromSessionId}:\n${known.join('\n')}`,
          'Call session_handoff before you stop.',
        ].join('\n\n');
      },
    },
  ];

  constructor(
    private readonly memories: MemoriesService,
    private readonly patterns: MistakePatternsService,
    private readonly inheritance: InheritanceService,
  ) {}

  private async topMistakes() {
    return (await this.patterns.list('occurrences', TOP, undefined)).items;
  }

  private async lastBundle(sessionId: string): Promise<InheritedBundle | undefined> {
    const [last] = (await this.inheritance.list(sessionId, 1, undefined)).items;
    return last && this.inheritance.get(last.id);
  }
}
