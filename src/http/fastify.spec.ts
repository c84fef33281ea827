import 'reflect-metadata';
import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Res, type MiddlewareConsumer } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { ProblemJsonFilter } from '../errors/problem-json.filter.js';
import { createFastifyAdapter } from './fastify.js';
import { createLogger } from './logging.js';

@Controller()
class ToyController {
  @Get('slow')
  async slow(): Promise<object> {
    await sleep(400);
    return { done: true };
  }

  @Get('half')
  half(@Res() reply: FastifyReply): never {
    reply.raw.writeHead(200, { 'content-length': '100' }).write('half of it');
    throw new Error('the other half is lost');
  }

  @Get('guarded')
  guarded(): object {
    return {};
  }
}

@Module({ controllers: [ToyController] })
class ToyModule {
  configure(consumer: MiddlewareConsumer): void {
    const refuse = (): never => {
      throw new AppError('unauthenticated', 'Send a key.');
    };
    consumer.apply(refuse).forRoutes('guarded');
  }
}

let app: NestFastifyApplication;
let port: number;

async function start(): Promise<void> {
  app = await NestFactory.create<NestFastifyApplication>(ToyModule, createFastifyAdapter({ logger: createLogger('silent') }), { logger: false });
  app.useGlobalFilters(new ProblemJsonFilter());
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
}

afterEach(async () => app.close());

async function fetchKeptAlive(path: string, agent: Agent): Promise<{ status: number | undefined; connection: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let body = '';
      response.on('data', (data: Buffer) => (body += data.toString()));
      response.on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection, body }));
      response.on('error', reject);
    }).on('error', reject);
  });
}

describe('the HTTP server', () => {
  it('finishes what is at work when it closes, and does not wait for connections that are only kept alive', async () => {
    await start();
    const agent = new Agent({ keepAlive: true });
    const slow = fetchKeptAlive('/slow', agent);
    await fetchKeptAlive('/nope', agent);
    const began = performance.now();
    const closed = app.close();
    expect(await slow).toEqual({ status: 200, connection: 'close', body: '{"done":true}' });
    await closed;
    expect(performance.now() - began).toBeLessThan(3_000);
    agent.destroy();
  });

  it('breaks the connection where half an answer is out already', async () => {
    await start();
    await expect(fetchKeptAlive('/half', new Agent())).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await fetchKeptAlive('/slow', new Agent())).toMatchObject({ status: 200 });
  });

  it('answers what middleware throws like anything else', async () => {
    await start();
    const answer = await app.inject({ url: '/guarded', headers: { 'x-request-id': 'test-1' } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', 'www-authenticate': 'Bearer', 'x-request-id': 'test-1' });
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', requestId: 'test-1' });
  });
});
