import { describe, expect, it } from '@jest/globals';

import { featureHash, similarity } from '../feature-hash.js';
import { embeddedText } from '../write-day.js';
import { workingDay } from './working-day.js';

const { sessions, mistakePatterns, violations, memories, workers, events, questions } = workingDay;
const exchanges = sessions.flatMap((session) => session.exchanges.map((exchange) => ({ session, exchange })));
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const sessionKeys = new Set(sessions.map((session) => session.key));

function expectUnique(values: readonly string[]): void {
  expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
}

describe('the working day', () => {
  it('has as many rows as the issue asks for, each written once', () => {
    expect(sessions.length).toBeGreaterThanOrEqual(6);
    expect(exchanges.length).toBeGreaterThanOrEqual(100);
    expect(exchanges.length).toBeLessThanOrEqual(140);
    expect(mistakePatterns.length).toBeGreaterThanOrEqual(12);
    expect(violations.length).toBeGreaterThanOrEqual(15);
    expect(memories.length).toBeGreaterThanOrEqual(30);
    expectUnique(sessions.map((session) => session.key));
    expectUnique(mistakePatterns.map((pattern) => pattern.type));
    expectUnique(workers.map((worker) => worker.id));
    expectUnique(exchanges.map(({ exchange }) => embeddedText(exchange)));
    expectUnique(memories.map((memory) => memory.text));
    expectUnique(mistakePatterns.flatMap((pattern) => pattern.occurrences.map((occurrence) => occurrence.detail)));
  });

  it('is half in Japanese and half in English, each session in its language', () => {
    const japanese = exchanges.filter(({ session }) => session.language === 'ja');
    expect(japanese.length / exchanges.length).toBeGreaterThan(0.4);
    expect(japanese.length / exchanges.length).toBeLessThan(0.6);
    for (const { session, exchange } of exchanges) {
      expect([exchange.user, JAPANESE.test(exchange.user)]).toEqual([exchange.user, session.language === 'ja']);
      expect([exchange.assistant, JAPANESE.test(exchange.assistant)]).toEqual([exchange.assistant, session.language === 'ja']);
    }
  });

  it('fits into the columns of the contract', () => {
    // A run's id adds 16 characters to a session's key.
    for (const { key } of sessions) expect(key.length + 16).toBeLessThanOrEqual(100);
    const names = [
      ...mistakePatterns.map((pattern) => pattern.type),
      ...violations.map((violation) => violation.type),
      ...memories.map((memory) => memory.type),
      ...workers.flatMap((worker) => [worker.id, worker.type]),
      ...events.map((event) => event.type),
    ];
    for (const name of names) {
      expect(name).toMatch(/^[a-z0-9_-]{1,50}$/);
    }
    for (const { status, cpu, memory, tasks } of workers) {
      expect(status.length).toBeLessThanOrEqual(20);
      expect(Math.min(cpu, memory, tasks)).toBeGreaterThanOrEqual(0);
    }
    for (const { priority } of memories) expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).toContain(priority);
  });

  it('refers to its own sessions only', () => {
    const references = [
      ...mistakePatterns.flatMap((pattern) => pattern.occurrences.map((occurrence) => occurrence.session)),
      ...memories.map((memory) => memory.session),
      ...events.flatMap((event) => event.session ?? []),
      ...questions.map((question) => question.expectedSession),
    ];
    for (const reference of references) expect(sessionKeys).toContain(reference);
  });

  it('has something for every screen of the demo', () => {
    expect(new Set(exchanges.map(({ exchange }) => exchange.importance ?? 'normal'))).toEqual(new Set(['low', 'normal', 'high', 'critical']));
    expect(new Set(mistakePatterns.map((pattern) => pattern.occurrences.length)).size).toBeGreaterThanOrEqual(4);
    expect(violations.filter((violation) => violation.autoCorrected).length).toBeGreaterThanOrEqual(5);
    expect(memories.some((memory) => memory.expiresInSeconds !== undefined)).toBe(true);
    expect(workers.filter((worker) => worker.fallsSilent)).toHaveLength(1);
    for (const { hoursAgo } of events) expect(hoursAgo).toBeGreaterThan(0);
  });

  it.each(questions)('finds the answer to "$text" in $expectedSession', ({ text, expectedSession }) => {
    const question = featureHash(text);
    const ranked = exchanges
      .map(({ session, exchange }) => ({ key: session.key, closeness: similarity(question, featureHash(embeddedText(exchange))) }))
      .toSorted((left, right) => right.closeness - left.closeness);
    const best = ranked[0]?.closeness ?? 0;
    const bestElsewhere = ranked.find(({ key }) => key !== expectedSession)?.closeness ?? 0;
    expect(ranked[0]?.key).toBe(expectedSession);
    // Half precision in the index moves a similarity by some 0.001: the answer must not hang on that.
    expect(best - bestElsewhere).toBeGreaterThan(0.03);
  });
});
