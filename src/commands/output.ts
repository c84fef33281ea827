import { Presets, SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';

/** Plain columns: two spaces between, no lines. Colours come only on a terminal (picocolors sees to it). */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };
  const table = new Table({ chars: none, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }, head: head.map((title) => pc.bold(title)) });
  for (const row of rows) table.push([...row]);
  print(table.toString().replaceAll(/[ \t]+$/gm, ''));
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Steps of a start or a migration, on standard error so that standard output stays for the result. */
export function progressPrinter(enabled: boolean): { step: (text: string) => void; done: () => void } {
  const started = performance.now();
  const elapsed = () => pc.dim(`${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return {
    step: (text) => {
      if (enabled) process.stderr.write(`${pc.cyan('›')} ${text} … ${elapsed()}\n`);
    },
    done: () => {
      if (enabled) process.stderr.write(`${pc.green('✓')} done after ${elapsed()}\n`);
    },
  };
}

/** Progress of long work on standard error: a bar on a terminal, a line for each step elsewhere. */
export function progressBar(enabled: boolean, what: string): { update: (done: number, total: number, step: string) => void; stop: () => void } {
  if (!enabled) return { update: () => {}, stop: () => {} };
  if (!process.stderr.isTTY) {
    const { step } = progressPrinter(true);
    return { update: (done, total, current) => step(`${what}: ${done + 1} of ${total}, ${current}`), stop: () => {} };
  }
  const bar = new SingleBar({ format: `${what} {bar} {value}/{total} {step} {duration_formatted}`, stream: process.stderr, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  bar.start(1, 0, { step: '' });
  return {
    update: (done, total, step) => {
      bar.setTotal(total);
      bar.update(done, { step });
    },
    stop: () => bar.stop(),
  };
}
