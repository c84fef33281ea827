import { describe, expect, it } from '@jest/globals';
import { ruleFor } from './statement-rules.js';

const codeOf = (sql: string, superuser = false) => ruleFor(sql, superuser).refusal?.code;

describe('ruleFor', () => {
  it.each([
    'COPY t FROM STDIN',
    'copy s."from" (a, b) from stdin with (format csv)',
    'COPY t /* from a file? */ FROM -- no\n STDIN',
    'COPY t FROM STDOUT',
    "SELECT 'it''s; done'; COPY t FROM STDIN",
    "SELECT E'\\'; ', $tag$ ; $tag$; COPY t FROM STDIN",
    'LISTEN news',
    'BEGIN; LISTEN "news"',
  ])('refuses %s', (sql) => {
    expect(codeOf(sql)).toBe('0A000');
  });

  it.each([
    'COPY t TO STDOUT',
    "COPY t FROM '/tmp/file'",
    'COPY (SELECT a FROM stdin) TO STDOUT',
    "INSERT INTO notes VALUES ('COPY t FROM STDIN')",
    '/* COPY t FROM STDIN; /* LISTEN x; */ LISTEN y; */ SELECT 1',
    '-- LISTEN x\nSELECT 1',
    "SELECT E'\\'; LISTEN x'",
    'SELECT $$; COPY t FROM STDIN $$, $a$ ; $$ LISTEN x $a$',
    'SELECT "a; LISTEN x" FROM t',
    'SELECT listen FROM copy',
  ])('lets %s through', (sql) => {
    expect(ruleFor(sql, false).refusal).toBeUndefined();
  });

  it.each(['SET SESSION AUTHORIZATION postgres', 'reset session authorization', "SET LOCAL session_authorization = 'a'"])(
    'refuses %s to anybody but a superuser',
    (sql) => {
      expect(codeOf(sql)).toBe('42501');
      expect(codeOf(sql, true)).toBeUndefined();
    },
  );

  it('lets a role set what is its own to set', () => {
    expect(codeOf('SET SESSION search_path = a')).toBeUndefined();
    expect(codeOf('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY')).toBeUndefined();
  });

  it('knows the statements after which the login must be done again', () => {
    expect(ruleFor('DISCARD ALL', false).undoesLogin).toBe(true);
    expect(ruleFor('SELECT 1; RESET ALL', false).undoesLogin).toBe(true);
    expect(ruleFor("SELECT 'reset all'", false).undoesLogin).toBe(false);
  });

  it('looks through megabytes of text in no time, and through a quote that never ends', () => {
    const long = `SELECT '${"it''s reset ".repeat(300_000)}'; COPY t FROM STDIN`;
    const began = performance.now();
    expect(codeOf(long)).toBe('0A000');
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(codeOf("SELECT 'copy; LISTEN x")).toBeUndefined();
    expect(codeOf('SELECT $a$ copy; LISTEN x')).toBeUndefined();
    expect(codeOf('/* copy /* LISTEN x; */')).toBeUndefined();
  });
});
