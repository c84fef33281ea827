import type { LoggerService } from '@nestjs/common';
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger, type LoggerOptions } from 'pino';

/**
 * Options for the one logger of the process. Its serializers name what is logged rather than what is left out: no headers,
 * bodies, queries or raw URLs of requests, no parameters or row values of database errors.
 */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { req: requestLine, res: (reply: { statusCode?: number }) => ({ status: reply.statusCode }), err: describeError },
  };
}

export function createLogger(level: string, destination?: DestinationStream): Logger {
  return destination ? pino(loggerOptions(level), destination) : pino(loggerOptions(level));
}

function requestLine(request: Partial<FastifyRequest>): object {
  return { method: request.method, route: request.routeOptions?.url };
}

const MAX_CAUSES = 5;

/** An error without what a library may have hung on it: pg's `detail` holds row values, TypeORM's `parameters` the caller's. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, schema, table, constraint, routine, query, driverError } = error as unknown as Record<string, unknown>;
  const described = { code, schema, table, constraint, routine, query: typeof query === 'string' ? query.slice(0, 1_000) : undefined };
  const cause = error.cause ?? driverError;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...described,
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  };
}

/** One line for each request when it is answered; the health and metrics routes, asked all the time, only at debug level. */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' });
  }

  override incomingRequest(): void {
    // The line at the end says it all.
  }

  override routeNotFound(): void {
    // As above: `route` is empty there.
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url;
    const level: Level = route !== undefined && /^\/(health|metrics)(\/|$)/.test(route) ? 'debug' : 'info';
    // A line that nobody will read is not put together.
    if ((request.log as Partial<Logger>).isLevelEnabled?.(level) === false) return;
    const productId = productIdOf(request, route);
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 100) / 100,
      ...(productId !== undefined && { productId }),
      ...(error && { err: error }),
    };
    request.log[level](line, 'request');
  }
}

/** A product's routes carry its id as `:productId` or in their own text. */
export function productIdOf(request: FastifyRequest, route = ''): string | undefined {
  const segment = /^\/v1\/products\/([^/]+)/.exec(route)?.[1];
  const id = segment?.startsWith(':') ? (request.params as Readonly<Record<string, unknown>>)[segment.slice(1)] : segment;
  return typeof id === 'string' && /^[a-z][a-z0-9_]{1,30}$/.test(id) ? id : undefined;
}

/** Who tells a line for each module and route at start: of interest when the wiring is in question, and only then. */
const BOOT_CONTEXTS = new Set<unknown>(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's own messages on the same logger. Nest passes the name of the class that speaks as the last argument. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(BOOT_CONTEXTS.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const last = rest.at(-1);
    const context = typeof last === 'string' && !last.includes('\n') ? last : undefined;
    const error = [message, ...rest].find((value) => value instanceof Error);
    const stack = rest.find((value): value is string => typeof value === 'string' && value.includes('\n'));
    this.logger[level](
      { ...(context !== undefined && { context }), ...(error && { err: error }), ...(!error && stack !== undefined && { stack }) },
      message instanceof Error ? message.message : typeof message === 'string' ? message : JSON.stringify(message),
    );
  }
}
