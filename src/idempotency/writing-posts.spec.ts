import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { Controller, Get, Post } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Reads, Repeatable } from '../auth/access.js';
import type { Databases } from '../database/databases.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { interceptWritingPosts } from './writing-posts.js';

@Controller('notes')
class Notes {
  @Get() list(): void {}
  @Post() write(): void {}
  @Post('search') @Reads() search(): void {}
  @Post('import') @Repeatable() import(): void {}
}

const interceptorsOf = (name: keyof Notes): unknown => Reflect.getMetadata(INTERCEPTORS_METADATA, Notes.prototype[name]);

test('the interceptor stands before each POST that writes, once however many applications there were, and before nothing else', async () => {
  const module = await Test.createTestingModule({ imports: [DiscoveryModule], controllers: [Notes] }).compile();
  const [first, second] = [new IdempotencyInterceptor({} as Databases), new IdempotencyInterceptor({} as Databases)];
  for (const interceptor of [first, second]) interceptWritingPosts(module.get(DiscoveryService, { strict: false }), module.get(MetadataScanner, { strict: false }), interceptor);
  expect(interceptorsOf('write')).toEqual([second]);
  expect((interceptorsOf('write') as unknown[])[0]).toBe(second);
  for (const name of ['list', 'search', 'import'] as const) expect(interceptorsOf(name)).toBeUndefined();
});
