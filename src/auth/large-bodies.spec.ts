import { connect, type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fastify as newFastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { HeavyWork } from '../database/heavy-work.js';
import { LargeBodies } from './large-bodies.js';
import { Turns } from './turns.js';

const LARGE = JSON.stringify({ text: 'x'.repeat(100_000) });

let fastify: FastifyInstance;
afterEach(() => fastify.close());

/** A server on which every request stays at work until it is told to end, and one large body of a product may be at work. */
async function serve() {
  const bodies = new LargeBodies(new Turns(), new HeavyWork(1, () => true));
  const atWork: { name: string; end: () => void }[] = [];
  fastify = newFastify();
  fastify.addHook('onRequest', async (request) => {
    const { product = 'a' } = request.query as { product?: string };
    request.principal = { keyId: 'k', name: 'test', productId: product, permissions: [] };
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    await bodies.whenToParse(request, body.length);
    return JSON.parse(body.toString()) as unknown;
  });
  bodies.watchAnswers(fastify);
  fastify.post('/', (request, reply) => {
    const { name = '' } = request.query as { name?: string };
    atWork.push({ name, end: () => void reply.send({}) });
  });
  await fastify.ready();
  const send = (name: string, payload: string, product = 'a') => fastify.inject({ method: 'POST', url: `/?name=${name}&product=${product}`, headers: { 'content-type': 'application/json' }, payload });
  const names = (): string[] => atWork.map((request) => request.name);
  const end = (name: string): void => {
    const [request] = atWork.splice(atWork.findIndex((each) => each.name === name), 1);
    request?.end();
  };
  return { send, names, end };
}

async function someTurns(): Promise<void> {
  for (let n = 0; n < 20; n++) await nextTurn();
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

describe('large bodies', () => {
  test('of one product are at work one after the other; small ones and those of others pass them', async () => {
    const { send, names, end } = await serve();
    const answers = [send('first', LARGE), send('second', LARGE)];
    await until(() => names().length > 0);
    answers.push(send('small', '{}'), send('neighbour', LARGE, 'b'));
    await until(() => names().length === 3);
    await someTurns();
    expect(names().sort()).toEqual(['first', 'neighbour', 'small']);
    end('first');
    await until(() => names().includes('second'));
    for (const name of names()) end(name);
    expect((await Promise.all(answers)).map((answer) => answer.statusCode)).toEqual([200, 200, 200, 200]);
  });

  test('one that is refused leaves its place', async () => {
    const { send, names, end } = await serve();
    expect((await send('broken', `${LARGE}!`)).statusCode).toBe(500);
    const answer = send('next', LARGE);
    await until(() => names().includes('next'));
    end('next');
    expect((await answer).statusCode).toBe(200);
  });

  test('those whose clients have gone leave their places: in the line, and at work', async () => {
    const { send, names, end } = await serve();
    await fastify.listen({ host: '127.0.0.1', port: 0 });
    const { port } = fastify.server.address() as AddressInfo;
    const bySocket = (name: string) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`POST /?name=${name} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`);
      return socket;
    };
    const first = bySocket('first');
    await until(() => names().includes('first'));
    const second = bySocket('second');
    await someTurns();
    second.destroy();
    first.destroy();
    await someTurns();
    end('first');
    const answer = send('third', LARGE);
    for (const name of ['second', 'third']) {
      await until(() => names().includes(name));
      end(name);
    }
    expect((await answer).statusCode).toBe(200);
  });
});
