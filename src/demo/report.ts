/** What `nagaya demo` found, as printed with `--json`. Rows are as the API answered them, cut down to what the demo shows. */
export interface DemoReport {
  readonly runId: string;
  readonly baseUrl: string;
  readonly embeddings: string;
  readonly written: WrittenCounts;
  /** Time for the writing alone. */
  readonly writingSeconds: number;
  readonly searches: readonly SearchReport[];
  readonly topMistakes: readonly MistakeRow[];
  readonly violations: ViolationsSummary;
  readonly inheritance: Inheritance;
  readonly operator: OperatorView;
  /** From the first request to the last. */
  readonly seconds: number;
}

export interface WrittenCounts {
  sessions: number;
  conversations: number;
  mistakePatterns: number;
  occurrences: number;
  violations: number;
  memories: number;
  events: number;
  metrics: number;
  heartbeats: number;
}

export interface SearchReport {
  readonly question: string;
  readonly language: string;
  readonly expectedSession: string;
  /** Whether the best hit is from the session where a reader of the day would look. */
  readonly foundWhereExpected: boolean;
  readonly milliseconds: number;
  readonly hits: readonly SearchHit[];
}

export interface SearchHit {
  readonly id: string;
  readonly sessionId: string;
  readonly similarity: number;
  /** The two sentences of the exchange that are closest to the question. */
  readonly snippet: string;
  readonly importanceLevel: string;
}

export interface MistakeRow {
  readonly patternType: string;
  readonly patternDescription: string;
  readonly occurrences: number;
  readonly lastOccurrence: string | null;
  readonly preventionActions: readonly string[] | null;
}

export interface KeyCount {
  readonly key: string;
  readonly count: number;
}

export interface ViolationsSummary {
  readonly total: number;
  readonly autoCorrectedCount: number;
  /** 0 to 1; null where there is nothing to take a rate of. */
  readonly autoCorrectionRate: number | null;
  readonly byType: readonly KeyCount[];
  readonly bySeverity: readonly KeyCount[];
  readonly byDay: readonly KeyCount[];
}

export interface Inheritance {
  readonly sessionId: string;
  readonly fromSessionId: string;
  readonly budgetTokens: number;
  readonly usedTokens: number;
  readonly items: readonly InheritedItem[];
}

export interface InheritedItem {
  readonly memory: {
    readonly memoryType: string;
    readonly memoryContent: Readonly<Record<string, unknown>>;
    readonly retentionPriority: number;
  };
  readonly included: boolean;
  readonly reason: string;
}

export interface OperatorView {
  readonly workers: readonly WorkerRow[];
  readonly metricType: string;
  readonly metricBuckets: readonly MetricBucket[];
  readonly events: readonly EventRow[];
  /** The product's state as operators see it; null without an operator key. */
  readonly product: Readonly<Record<string, unknown>> | null;
}

export interface WorkerRow {
  readonly workerId: string;
  readonly workerType: string;
  readonly status: string;
  readonly cpuUsage: number | null;
  readonly memoryUsage: number | null;
  readonly taskCount: number;
  readonly lastHeartbeat: string;
  readonly state: 'alive' | 'dead';
}

export interface MetricBucket {
  readonly bucketStart: string;
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
}

export interface EventRow {
  readonly eventType: string;
  readonly eventData: Readonly<Record<string, unknown>>;
  readonly timestamp: string;
}
