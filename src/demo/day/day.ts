/** What one played working day consists of. Everything here is written for this project; people and products are made up. */
export interface WorkingDay {
  readonly sessions: readonly Session[];
  readonly mistakePatterns: readonly MistakePattern[];
  readonly violations: readonly Violation[];
  readonly memories: readonly Memory[];
  readonly workers: readonly Worker[];
  readonly events: readonly DayEvent[];
  readonly questions: readonly Question[];
}

export type Language = 'en' | 'ja';
export type Importance = 'low' | 'normal' | 'high' | 'critical';
export type Severity = 'low' | 'medium' | 'high' | 'critical';

export interface Session {
  /** Unique in the day; a run's id is appended to make the session id that is sent. */
  readonly key: string;
  readonly title: string;
  readonly project: string;
  readonly language: Language;
  readonly programmingLanguage: string;
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly user: string;
  readonly assistant: string;
  readonly tool?: 'read' | 'edit' | 'shell' | 'git' | 'docs' | 'memory';
  /** Default `normal`. */
  readonly importance?: Importance;
  readonly files?: readonly string[];
}

export interface MistakePattern {
  readonly type: string;
  readonly description: string;
  readonly severity: Severity;
  readonly signs: readonly string[];
  readonly prevention: readonly string[];
  readonly occurrences: readonly { readonly session: string; readonly detail: string }[];
}

export interface Violation {
  readonly type: string;
  readonly description: string;
  readonly original: string;
  readonly corrected?: string;
  readonly severity: Severity;
  readonly autoCorrected?: boolean;
}

export interface Memory {
  readonly session: string;
  readonly type: 'decision' | 'preference' | 'fact' | 'todo' | 'lesson';
  readonly text: string;
  readonly about: readonly string[];
  /** 1–10, 10 is kept longest. */
  readonly priority: number;
  /** Seconds from the moment of writing; absent: kept. */
  readonly expiresInSeconds?: number;
}

export interface Worker {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  /** Percent of the worker's allotment. */
  readonly cpu: number;
  readonly memory: number;
  readonly tasks: number;
  /** Silent for three of these, a worker counts as dead. */
  readonly intervalSeconds: number;
  /** Sends one heartbeat at the beginning of the demo and is never heard of again. */
  readonly fallsSilent?: boolean;
}

export interface DayEvent {
  /** Hours before the end of the day. */
  readonly hoursAgo: number;
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
  /** Key of the session that the event belongs to. */
  readonly session?: string;
}

export interface Question {
  readonly text: string;
  readonly language: Language;
  /** Where a person who had read the day would look for the answer. */
  readonly expectedSession: string;
}
