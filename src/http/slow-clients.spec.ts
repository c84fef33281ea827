import 'reflect-metadata';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { closed } from '../../test/support/closed.js';
import { ProblemJsonFilter } from '../errors/problem-json.filter.js';
import { createFastifyAdapter } from './fastify.js';
import { createLogger } from './logging.js';

const DRIP_MS = 20;
/** More than the sockets' buffers of both sides take. */
const LARGE = 'x'.repeat(32 * 1024 * 1024);

@Controller()
class ToyController {
  @Get('small')
  small(): object {
    return { done: true };
  }

  @Get('large')
  large(): object {
    return { text: LARGE };
  }

  @Post('notes')
  note(@Body() body: object): object {
    return body;
  }
}

@Module({ controllers: [ToyController] })
class ToyModule {}

let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  const adapter = createFastifyAdapter({ logger: createLogger('silent'), patience: { headers: 400, request: 800, silence: 1_000, look: 50 } });
  app = await NestFactory.create<NestFastifyApplication>(ToyModule, adapter, { logger: false });
  app.useGlobalFilters(new ProblemJsonFilter());
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
});
afterAll(() => app.close());

/** Sends the beginning, then the rest a byte at a time. @returns what was answered until the connection ended */
async function drip(beginning: string, rest: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString())).on('error', () => {});
  const ended = closed(socket);
  socket.write(beginning);
  let at = 0;
  const sendByte = (): boolean => socket.writable && socket.write(rest.charAt(at++ % rest.length));
  // Only after what has arrived was read: a byte that finds the connection broken would throw the answer away.
  const timer = setInterval(() => setImmediate(sendByte), DRIP_MS);
  await ended;
  clearInterval(timer);
  return answer;
}

async function small(): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}/small`)).status;
}

/** Asks while the other is under way, and after it. */
async function beside<T>(slow: Promise<T>): Promise<T> {
  let over = false;
  const done = slow.finally(() => (over = true));
  let asked = 0;
  for (; !over || asked === 0; asked++) expect(await small()).toBe(200);
  expect(asked).toBeGreaterThan(5);
  return done;
}

describe('a client that sends a byte now and then', () => {
  it('of its headers is told that it took too long, and its connection ended; others are answered meanwhile', async () => {
    const answer = await beside(drip('GET /small HTTP/1.1\r\nhost: x\r\nx-slow: ', 'a'));
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toContain('"code":"timeout"');
  });

  it.each([
    ['that says its length', 'content-length: 1000000', '{"a":"', 'b'],
    ['that comes in chunks', 'transfer-encoding: chunked', '', '1\r\nb\r\n'],
  ])('of a body %s', async (_, header, beginning, rest) => {
    const answer = await beside(drip(`POST /notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${header}\r\n\r\n${beginning}`, rest));
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });
});

describe('a client that never reads its answer', () => {
  it('is left when nothing has moved for a while; others are answered meanwhile', async () => {
    const served = once(app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.pause();
    socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
    const [ofServer] = await served;
    await beside(closed(ofServer));
    expect(ofServer.destroyed).toBe(true);
    socket.destroy();
  });
});
