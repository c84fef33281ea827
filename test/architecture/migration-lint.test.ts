import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The rules that the lint names for each migration of a folder, and its exit status. */
function lint(folder: string): { status: number | null; stdout: string; rules: Record<string, string[]> } {
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/lint-migrations.mjs', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
  });
  const rules: Record<string, string[]> = {};
  for (const [, file, rule] of stdout.matchAll(/^\S*\/\d{13}-([a-z-]+)\.ts {2}([a-z-]+)$/gm)) {
    if (file !== undefined && rule !== undefined) (rules[file] ??= []).push(rule);
  }
  return { status, stdout, rules };
}

it('a migration that hurts live traffic, or takes away what running code reads, is named by rule; what is allowed with a reason passes', () => {
  expect(lint('test/architecture/risky-migrations')).toMatchObject({
    status: 1,
    rules: {
      // Its index on the table that it makes itself is not among them.
      'hurt-live-traffic': ['require-concurrent-index-creation', 'adding-required-field', 'changing-column-type', 'ban-drop-column', 'lock-timeout-changed'],
      // The first of the two is forwards, the second back.
      'half-concurrently': ['not-repeatable', 'several-without-transaction', 'not-repeatable', 'allowed-without-reason', 'allowed-for-nothing'],
      // That it drops its own table is what the way back is for.
      'hurt-on-the-way-back': ['changing-column-type', 'require-concurrent-index-creation'],
    },
  });
});

it("the project's own migrations pass", () => {
  const { status, stdout } = lint('migrations');
  // What it prints says how to mend it, or how to say in the file that it is meant.
  expect(status === 0 ? '' : stdout).toBe('');
});
