import type { Statement } from '../database/statement-channel.js';
import type { TraceParent } from './traceparent.js';

export interface EndedRequest {
  readonly method: string;
  /** The template; undefined where no route took it. */
  readonly route: string | undefined;
  readonly status: number;
  readonly requestId: string;
  readonly productId: string | undefined;
  /** The client went away before it had the whole answer. */
  readonly aborted: boolean;
}

/** Keeps and sends spans. What a span is, only the recorder knows. */
export interface SpanRecorder<Span> {
  beginRequest(method: string, parent: TraceParent | undefined): Span;
  endRequest(span: Span, ended: EndedRequest): void;
  beginStatement(parent: Span, statement: Statement): Span;
  endStatement(span: Span, error: unknown): void;
  traceIdOf(span: Span): string;
  /** Sends what is left. */
  stop(): Promise<void>;
}
