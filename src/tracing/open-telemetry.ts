import { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Span } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { TracingSettings } from '../config/tracing-settings.js';
import type { SpanRecorder } from './span-recorder.js';

/** A collector that is away must not hold up the end of the process, milliseconds. */
const FLUSH_MS = 3_000;

/**
 * Spans by OpenTelemetry's SDK, by the names of its conventions for HTTP and databases. The one file that imports the SDK,
 * and itself imported only where tracing is on. Nothing that callers send goes into a span: no address, body or value.
 */
export function openTelemetry(settings: TracingSettings, version: string, warn: (message: string) => void): SpanRecorder<Span> {
  diag.setLogger({ error: warn, warn, info: () => {}, debug: () => {}, verbose: () => {} }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const named = resourceFromAttributes({ 'service.version': version }).merge(detectResources({ detectors: [envDetector] }));
  const exporter = settings.protocol === 'http/json' ? new JsonExporter({ url: settings.url }) : new ProtobufExporter({ url: settings.url });
  const provider = new BasicTracerProvider({
    resource: named.merge(resourceFromAttributes({ 'service.name': settings.serviceName })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('nagaya', version);
  return {
    beginRequest: (method, parent) => {
      const remote = parent && trace.setSpanContext(ROOT_CONTEXT, { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.flags & TraceFlags.SAMPLED, isRemote: true });
      return tracer.startSpan(method, { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'url.scheme': 'http' } }, remote ?? ROOT_CONTEXT);
    },
    endRequest: (span, { method, route, status, requestId, productId, aborted }) => {
      span.updateName(route === undefined ? method : `${method} ${route}`);
      span.setAttributes({ 'http.response.status_code': status, 'nagaya.request_id': requestId, ...(route !== undefined && { 'http.route': route }), ...(productId !== undefined && { 'nagaya.product_id': productId }) });
      if (status >= 500 || aborted) {
        span.setAttribute('error.type', aborted ? 'aborted' : String(status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
    beginStatement: (parent, { role, sql }) => {
      const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.query.text': sql.slice(0, 2_000), 'nagaya.role': role };
      return tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes }, trace.setSpan(ROOT_CONTEXT, parent));
    },
    endStatement: (span, error) => {
      if (error !== undefined) {
        // The SQLSTATE and not the message: that may quote a value.
        const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';
        span.setAttributes({ 'error.type': code, 'db.response.status_code': code });
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
    traceIdOf: (span) => span.spanContext().traceId,
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, FLUSH_MS)));
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}
