import { describe, expect, it } from '@jest/globals';
import { PreparedStatements } from './prepared-statements.js';
import { message, parseMessage, type FrontendMessage } from './wire/frontend-messages.js';

const parse = (name: string, sql = 'SELECT 1'): FrontendMessage => ({ type: 'P', bytes: parseMessage(name, sql) });
const bind = (name: string): FrontendMessage => ({ type: 'B', bytes: message('B', Buffer.from(`\0${name}\0`)) });
const close = (name: string): FrontendMessage => ({ type: 'C', bytes: message('C', Buffer.from(`S${name}\0`)) });

function prepared(...batches: FrontendMessage[][]): PreparedStatements {
  const statements = new PreparedStatements();
  for (const batch of batches) statements.batchDone(batch, () => batch.filter(({ type }) => type === 'P').length);
  return statements;
}

describe('PreparedStatements', () => {
  it('parses again what another connection has swept away, once', () => {
    const statements = prepared([parse('a'), bind('a')]);
    expect(statements.missingFor([bind('a')])).toEqual([]);
    statements.sessionLost();
    expect(statements.missingFor([bind('a'), bind('a')])).toEqual([parse('a').bytes]);
    expect(statements.missingFor([bind('a')])).toEqual([]);
  });

  it('leaves alone what the batch parses itself, what was closed and what never was', () => {
    const statements = prepared([parse('a')], [parse('b')], [close('b')]);
    statements.sessionLost();
    expect(statements.missingFor([parse('a'), bind('a'), bind('b'), bind('c')])).toEqual([]);
  });

  it('keeps the unnamed one only where its batch does not use it', () => {
    const used = prepared([parse(''), bind('')]);
    used.sessionLost();
    expect(used.missingFor([bind('')])).toEqual([]);
    const kept = prepared([parse('', 'SELECT 2')]);
    kept.sessionLost();
    expect(kept.missingFor([bind('')])).toEqual([parse('', 'SELECT 2').bytes]);
  });

  it('does not keep what the engine refused', () => {
    const statements = new PreparedStatements();
    statements.batchDone([parse('good'), parse('bad')], () => 1);
    statements.sessionLost();
    expect(statements.missingFor([bind('good'), bind('bad')])).toEqual([parse('good').bytes]);
  });
});
