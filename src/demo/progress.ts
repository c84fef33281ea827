import cliProgress from 'cli-progress';

import type { Colours } from './screen/colours.js';

/** Shows how far the writing is. */
export interface Progress {
  /** Calls `send` with row after row, in order, and shows each that is through. */
  each<Row>(title: string, rows: readonly Row[], send: (row: Row) => Promise<void>): Promise<void>;
  /** The same with up to `size` rows at a time. */
  batches<Row>(title: string, rows: readonly Row[], size: number, send: (batch: Row[]) => Promise<void>): Promise<void>;
}

type Show = (title: string, total: number) => { advance(rows: number): void; finish(): void };

const TITLE_WIDTH = 18;

function progressWith(show: Show): Progress {
  return {
    async each(title, rows, send) {
      const shown = show(title, rows.length);
      try {
        for (const row of rows) {
          await send(row);
          shown.advance(1);
        }
      } finally {
        // Also after a failure: the bar hides the cursor and keeps a timer.
        shown.finish();
      }
    },
    async batches(title, rows, size, send) {
      const shown = show(title, rows.length);
      try {
        for (let start = 0; start < rows.length; start += size) {
          const batch = rows.slice(start, start + size);
          await send(batch);
          shown.advance(batch.length);
        }
      } finally {
        shown.finish();
      }
    },
  };
}

export function silentProgress(): Progress {
  return progressWith(() => ({ advance: () => undefined, finish: () => undefined }));
}

/** One line a table, for logs and pipes. */
export function plainProgress(out: NodeJS.WritableStream): Progress {
  return progressWith((title, total) => {
    const begun = performance.now();
    let done = 0;
    return {
      advance: (rows) => {
        done += rows;
      },
      finish: () => {
        const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
        out.write(`  ${title.padEnd(TITLE_WIDTH)}${String(done).padStart(5)} of ${total} in ${seconds} s\n`);
      },
    };
  });
}

/** A bar that moves, one line a table, for terminals. */
export function barProgress(out: NodeJS.WritableStream, colours: Colours): Progress {
  return progressWith((title, total) => {
    const bar = new cliProgress.SingleBar({
      stream: out,
      format: `  ${title.padEnd(TITLE_WIDTH)}${colours.cyan('{bar}')} {value} of {total} · {duration_formatted}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      hideCursor: true,
      // The caller's signal handler ends the run; a second handler here would compete with it.
      gracefulExit: false,
    });
    bar.start(total, 0);
    return { advance: (rows) => bar.increment(rows), finish: () => bar.stop() };
  });
}
