import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { BooleanField, EmbeddingField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { VERDICTS, type Verdict } from './mistake-check.entity.js';
import { SEVERITIES, type Severity } from './pattern-rules.js';

export class CheckAction {
  @TextField({ description: 'What is about to be done: a command, an edit, an answer.', example: 'git push --force origin main', max: 20_000 })
  action!: string;

  @TextField({ description: 'What else is known: expressions and phrases look here too.', example: 'The branch is shared with two others.', max: 20_000, optional: true })
  context?: string;

  @TextField({ description: 'The session that asks.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @EmbeddingField({ description: 'The action as an embedding, to be held against patterns that have one of the same model. Absent, it is computed where a provider is configured and quick enough.', dimensions: EMBEDDING_DIMENSIONS, optional: true })
  embedding?: Float32Array;

  @TextField({ description: 'The model of the embedding; absent, patterns whose model was not named are compared.', example: 'text-embedding-3-small', max: 100, optional: true })
  embeddingModel?: string;
}

export class MatchReason {
  @Shown({ as: ['regex', 'phrase', 'example', 'embedding'], description: 'What kind of rule matched.', example: 'regex' })
  kind!: string;

  @Shown({ as: 'text', optional: true, description: 'The expression, phrase or example.', example: 'push\\s+.*--force' })
  rule?: string;

  @Shown({ as: 'text', optional: true, description: 'What an expression or a phrase found.', example: 'push --force' })
  found?: string;

  @Shown({ as: 'text', list: true, optional: true, description: 'The words that the action and an example have both.', example: ['push', 'force'] })
  words?: string[];

  @Shown({ as: 'number', optional: true, description: 'How similar an example or an embedding is, up to 1.', example: 0.81 })
  similarity?: number;
}

export class PastOccurrence {
  @Shown({ as: 'instant', description: 'When.', example: '2026-11-24T09:00:00.000Z' })
  occurredAt!: Date;

  @Shown({ as: 'text', nullable: true, description: 'In which session.', example: 'session-17' })
  sessionId!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'What happened.', example: 'A colleague\'s commit was gone' })
  detail!: string | null;
}

export class MatchedPattern {
  @Shown({ as: 'text', description: 'The pattern.', example: 'force-pushed-a-shared-branch' })
  patternType!: string;

  @Shown({ as: 'text', description: 'What goes wrong, in words.', example: 'Overwrites what others have pushed' })
  patternDescription!: string;

  @Shown({ as: SEVERITIES, description: 'high and critical block, low and medium warn.', example: 'high' })
  severity!: Severity;

  @Shown({ as: () => MatchReason, list: true, description: 'Why it matched.' })
  reasons!: MatchReason[];

  @Shown({ as: 'text', list: true, description: 'What to do so that it does not happen again.', example: ['Use --force-with-lease'] })
  preventionActions!: string[];

  @Shown({ as: 'integer', description: 'How often it has happened.', example: 7 })
  occurrences!: number;

  @Shown({ as: 'instant', nullable: true, description: 'When it last happened.', example: '2026-11-24T09:00:00.000Z' })
  lastOccurrence!: Date | null;

  @Shown({ as: () => PastOccurrence, list: true, description: 'The last three times.' })
  pastOccurrences!: PastOccurrence[];
}

export class CheckResult {
  @Shown({ as: 'uuid', description: 'The check: its outcome is reported to `checks/{id}/outcome`.' })
  id!: string;

  @Shown({ as: VERDICTS, description: 'What is advised.', example: 'block' })
  verdict!: Verdict;

  @Shown({ as: () => MatchedPattern, list: true, description: 'The most severe first.' })
  matches!: MatchedPattern[];

  @Shown({ as: 'instant', description: 'When it was asked.', example: '2026-11-24T09:00:00.000Z' })
  createdAt!: Date;
}

export class ReportOutcome {
  @BooleanField({ description: 'The advice was followed. After `allow` there was nothing to follow: true.', example: true })
  heeded!: boolean;

  @BooleanField({ description: 'The mistake happened anyway.', example: false, default: false })
  mistakeHappened!: boolean;

  @TextField({ description: 'What came of it.', example: 'Pushed to a new branch instead', max: 10_000, optional: true })
  detail?: string;
}

export class CheckOutcome {
  @Shown({ as: 'uuid', description: 'The check.' })
  id!: string;

  @Shown({ as: VERDICTS, description: 'What was advised.', example: 'block' })
  verdict!: Verdict;

  @Shown({ as: 'text', description: 'What was about to be done.', example: 'git push --force origin main' })
  action!: string;

  @Shown({ as: 'text', nullable: true, description: 'The session that asked.', example: 'session-42' })
  sessionId!: string | null;

  @Shown({ as: 'boolean', nullable: true, description: 'The advice was followed; null until it is reported.', example: true })
  heeded!: boolean | null;

  @Shown({ as: 'boolean', nullable: true, description: 'The mistake happened anyway; null until it is reported.', example: false })
  mistakeHappened!: boolean | null;

  @Shown({ as: 'text', nullable: true, description: 'What came of it.', example: 'Pushed to a new branch instead' })
  detail!: string | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was reported; a later report takes the place of an earlier one.', example: '2026-11-24T09:05:00.000Z' })
  outcomeAt!: Date | null;

  @Shown({ as: 'instant', description: 'When it was asked.', example: '2026-11-24T09:00:00.000Z' })
  createdAt!: Date;
}

export class PatternEffectiveness {
  @Shown({ as: 'text', description: 'The pattern.', example: 'force-pushed-a-shared-branch' })
  patternType!: string;

  @Shown({ as: 'integer', description: 'How many checks it matched.', example: 12 })
  matched!: number;

  @Shown({ as: 'integer', description: 'Of how many the outcome was reported.', example: 10 })
  reported!: number;

  @Shown({ as: 'integer', description: 'How often the advice was followed.', example: 8 })
  heeded!: number;

  @Shown({ as: 'integer', description: 'Followed, and the mistake did not happen.', example: 7 })
  prevented!: number;

  @Shown({ as: 'integer', description: 'The mistake happened, whether the advice was followed or not.', example: 2 })
  happened!: number;

  @Shown({ as: 'integer', description: 'Not followed, and no mistake happened: the advice was not needed.', example: 1 })
  falseAlarms!: number;

  @Shown({ as: 'number', nullable: true, description: 'prevented / (prevented + happened); null where neither was reported.', example: 0.78 })
  effectiveness!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'falseAlarms / reported; null where nothing was reported.', example: 0.1 })
  falseAlarmRate!: number | null;
}

export class Effectiveness {
  @Shown({ as: () => PatternEffectiveness, list: true, description: 'Of every pattern that a check has matched; those matched most often first, 1,000 at most.' })
  items!: PatternEffectiveness[];

  @Shown({ as: 'integer', description: 'Checks that advised `allow` and were followed by a mistake.', example: 1 })
  missed!: number;
}
