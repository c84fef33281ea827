import type { EnvironmentReader } from './environment-reader.js';

/** Where traces go, by OpenTelemetry's own names; what else there is (headers, sampler, batches), its SDK reads by itself. */
export interface TracingSettings {
  /** The whole address, `http://collector:4318/v1/traces`. */
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly serviceName: string;
}

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

/** @returns undefined where no address is given, or tracing is turned off */
export function readTracingSettings(reader: EnvironmentReader): TracingSettings | undefined {
  const endpoint = reader.httpUrl('OTEL_EXPORTER_OTLP_ENDPOINT');
  const traces = reader.httpUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const protocol = reader.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS, 'http/protobuf');
  const serviceName = reader.text('OTEL_SERVICE_NAME') ?? 'nagaya';
  const isOff = reader.boolean('OTEL_SDK_DISABLED', false) || reader.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none'] as const, 'otlp') === 'none';
  const url = traces ?? (endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`);
  return url === undefined || isOff ? undefined : { url, protocol, serviceName };
}
