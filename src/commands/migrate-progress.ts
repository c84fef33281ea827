import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { RunEvent } from '../database/migrations/run-events.js';
import { messageOf } from '../database/migrations/run-journal.js';
import { progressPrinter } from './output.js';

/** What people see of a run while it works: a bar on a terminal, a line for each thing that happens otherwise. */
export interface MigrateProgress {
  readonly step: (text: string) => void;
  readonly event: (event: RunEvent) => void;
  readonly stop: () => void;
}

/** @param total how many schemas there are to look at */
export function migrateProgress(enabled: boolean, total: number): MigrateProgress {
  if (!enabled) return { step: () => {}, event: () => {}, stop: () => {} };
  return process.stderr.isTTY ? bar(total) : lines();
}

function lines(): MigrateProgress {
  const { step } = progressPrinter(true);
  return {
    step,
    event: (event) => {
      if (event.kind === 'waiting' && event.attempt % 5 === 1) step(`${event.schema}: ${event.migration} waits for live traffic, try ${event.attempt}`);
      if (event.kind === 'applied') step(`${event.schema}: ${event.migration} after ${Math.round(event.milliseconds)} ms`);
      if (event.kind === 'ended' && event.outcome === 'failed') step(`${event.schema}: ${pc.red('failed')}: ${messageOf(event.error)}`);
    },
    stop: () => {},
  };
}

function bar(total: number): MigrateProgress {
  const running = new Map<string, string>();
  let [done, failed, phase] = [0, 0, ''];
  const single = new SingleBar({ format: '{bar} {value}/{total} schemas  {tail}', stream: process.stderr, hideCursor: true, clearOnComplete: true, linewrap: false, fps: 10 });
  single.start(total, 0, { tail: '' });
  const draw = (): void => {
    const at = [...running].map(([schema, what]) => `${schema}${what}`).slice(0, 3).join(', ') + (running.size > 3 ? ` and ${running.size - 3} more` : '');
    single.update(done, { tail: [failed > 0 ? pc.red(`${failed} failed`) : '', at === '' ? phase : at].filter(Boolean).join('  ') });
  };
  return {
    step: (text) => {
      phase = text;
      // Schemas with nothing to do are done as soon as the last phase begins.
      if (text === 'grants and policies') done = total;
      draw();
    },
    event: (event) => {
      if (event.kind === 'begun') running.set(event.schema, '');
      if (event.kind === 'waiting') running.set(event.schema, pc.yellow(` (waits for live traffic, try ${event.attempt})`));
      if (event.kind === 'applying') running.set(event.schema, ` ${pc.dim(event.migration)}`);
      if (event.kind === 'ended' && running.delete(event.schema)) {
        done++;
        if (event.outcome === 'failed') failed++;
      }
      draw();
    },
    stop: () => single.stop(),
  };
}
