import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AddressRules } from './addresses.js';
import { guardedPost } from './guarded-post.js';

const LOCAL = new AddressRules(['127.0.0.1/32']);

let server: Server;
let port: number;
let heard: { host: string | undefined; address: string | undefined }[];
let answers: boolean;
beforeEach(async () => {
  heard = [];
  answers = true;
  server = createServer((request, response) => {
    heard.push({ host: request.headers.host, address: request.socket.localAddress });
    if (answers) response.writeHead(200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const post = (host: string) => ({ url: `http://${host}:${port}/x`, body: '{}', headers: {} });

describe('a name', () => {
  it('is asked for once, and the connection goes to the address that was checked, whatever the name says next', async () => {
    const answersInTurn = [['127.0.0.1'], ['10.0.0.1'], ['169.254.169.254']];
    let asked = 0;
    await guardedPost(post('rebind.example'), LOCAL, { addressesOf: () => Promise.resolve(answersInTurn[asked++] ?? []) });
    expect([asked, heard]).toEqual([1, [{ host: `rebind.example:${port}`, address: '127.0.0.1' }]]);
  });

  it('that leads to one refused address among others is refused, and nothing is sent', async () => {
    await expect(guardedPost(post('mixed.example'), LOCAL, { addressesOf: () => Promise.resolve(['127.0.0.1', '169.254.169.254']) })).rejects.toThrow(/mixed\.example is 169\.254\.169\.254, which is not a public address/);
    expect(heard).toEqual([]);
  });

  it('that nobody knows, or that has no address, is told', async () => {
    await expect(guardedPost(post('gone.example'), LOCAL, { addressesOf: () => Promise.reject(new Error('ENOTFOUND')) })).rejects.toThrow(/gone\.example can't be resolved/);
    await expect(guardedPost(post('empty.example'), LOCAL, { addressesOf: () => Promise.resolve([]) })).rejects.toThrow(/has no address/);
  });
});

it('a receiver that hangs is given up, in words', async () => {
  answers = false;
  await expect(guardedPost(post('127.0.0.1'), LOCAL, { timeoutMs: 200 })).rejects.toThrow(`127.0.0.1:${port} did not answer within 0.2 s.`);
  expect(heard).toHaveLength(1);
});
