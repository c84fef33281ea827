import { ServerResponse } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from './app-error.js';
import { asAppError, problemHeaders, problemOf } from './problem.js';

/** The one exception filter: whatever a request ends in that is not a success is answered as problem+json. */
@Catch()
export class ProblemJsonFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<FastifyReply | ServerResponse>();
    const request = http.getRequest<FastifyRequest>();
    if (response instanceof ServerResponse) sendRawProblem(thrown, request.id, response);
    else if (isHealthReport(thrown)) void response.code(thrown.getStatus()).send(thrown.getResponse());
    else sendProblem(thrown, request, response);
  }
}

/** Answers with the problem and logs what was ours to prevent. Fastify's own errors, which no filter sees, come here too. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = asAppError(thrown, request.routeOptions.bodyLimit);
  const problem = problemOf(error, request.id);
  if (problem.status >= 500) request.log.error({ err: error.cause ?? thrown, code: error.code }, error.message);
  if (reply.sent || reply.raw.headersSent) {
    // Half an answer is out: only a broken connection can still tell the client that it is not whole.
    if (!reply.raw.writableEnded) reply.raw.destroy();
    return;
  }
  void reply
    .code(problem.status)
    .headers({ ...problemHeaders(error), 'x-request-id': request.id })
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}

/** Connect-style middleware sees Node's response in place of Fastify's. */
function sendRawProblem(thrown: unknown, requestId: string, response: ServerResponse): void {
  const error: AppError = asAppError(thrown, 0);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error, requestId);
  response.writeHead(problem.status, { ...problemHeaders(error), 'x-request-id': requestId }).end(JSON.stringify(problem));
}

/** terminus reports a failing probe by throwing its report, which monitoring systems read as it is. */
function isHealthReport(thrown: unknown): thrown is HttpException {
  if (!(thrown instanceof HttpException)) return false;
  const report = thrown.getResponse();
  return typeof report === 'object' && 'status' in report && 'details' in report;
}
