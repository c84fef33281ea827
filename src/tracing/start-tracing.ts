import type { Logger } from 'pino';
import type { TracingSettings } from '../config/tracing-settings.js';
import type { SpanRecorder } from './span-recorder.js';

/** Loads OpenTelemetry where the environment asks for it: some 20 ms and 10 MB that nobody else has to pay. */
export async function startTracing(settings: TracingSettings | undefined, version: string, logger: Logger): Promise<SpanRecorder<unknown> | undefined> {
  if (settings === undefined) return undefined;
  const { openTelemetry } = await import('./open-telemetry.js');
  return openTelemetry(settings, version, (message) => logger.warn({ context: 'tracing' }, message));
}
