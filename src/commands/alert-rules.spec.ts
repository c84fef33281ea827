import { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { registerAlertRules } from './alert-rules.js';
import { readSeconds } from './duration.js';
import { UsageError } from './usage-error.js';

/** What is wrong with the flags is told before anything is opened. */
async function set(...flags: string[]): Promise<void> {
  const program = new Command().exitOverride();
  registerAlertRules(program);
  await program.parseAsync(['set', 'record-count-low', ...flags], { from: 'user' });
}

describe('alerts set', () => {
  it.each([
    [[], /^Say what to set: --threshold/],
    [['--on', '--off'], /either --on or --off/],
    [['--reset', '--off'], /^--reset takes back all that was set; give it alone\.$/],
    [['--severity', 'dire'], /^--severity takes warning or critical\.$/],
    [['--threshold', ''], /^--threshold takes a number from 0 to 1e18; "" is none\.$/],
    [['--threshold', '0x10'], /is none/],
    [['--threshold', '1e19'], /is none/],
    [['--threshold=-1'], /is none/],
    [['--for', '5'], /^--for takes a length of time such as 90s/],
    [['--for', '999999d'], /^--for takes from 0s to 365d; "999999d" is longer\.$/],
    [['--repeat', '5s'], /^--repeat takes from 60s to 365d; "5s" is shorter\.$/],
  ])('%j is used wrongly, and says how', async (flags, words) => {
    const refused = set(...flags);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(words);
  });
});

describe('a length of time', () => {
  it.each([
    ['0s', 0],
    ['90s', 90],
    ['15m', 900],
    ['2h', 7_200],
    ['365d', 31_536_000],
  ])('%s is %d seconds', (text, seconds) => {
    expect(readSeconds(text, '--for')).toBe(seconds);
  });
});
