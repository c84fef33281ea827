import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A span as OTLP/HTTP's JSON has it. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An OpenTelemetry collector that keeps what it is sent. */
export interface Collector {
  readonly url: string;
  /** Everything, as it came. */
  readonly bodies: Buffer[];
  readonly types: string[];
  readonly paths: string[];
  /** Read from JSON; there are none where protobuf is sent. */
  spans(): SentSpan[];
  resource(): Record<string, unknown>;
  stop(): Promise<void>;
}

type Attributes = readonly { key: string; value: Record<string, unknown> }[];
interface Sent {
  resourceSpans: { resource: { attributes: Attributes }; scopeSpans: { spans: (Omit<SentSpan, 'attributes'> & { attributes?: Attributes })[] }[] }[];
}

const named = (attributes: Attributes = []): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

export async function startCollector(): Promise<Collector> {
  const bodies: Buffer[] = [];
  const types: string[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      bodies.push(body);
      types.push(request.headers['content-type'] ?? '');
      paths.push(request.url ?? '');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sent = (): Sent['resourceSpans'] => bodies.flatMap((body) => (JSON.parse(body.toString()) as Sent).resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    types,
    paths,
    spans: () => sent().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, attributes: named(span.attributes) })))),
    resource: () => named(sent()[0]?.resource.attributes),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
