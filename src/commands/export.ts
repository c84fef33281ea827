import { createWriteStream, existsSync } from 'node:fs';
import { once } from 'node:events';
import { open, truncate } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { ExportService } from '../transfer/export.service.js';
import { commandContext, withDatabases } from './context.js';
import { print, printJson, progressPrinter } from './output.js';
import { UsageError } from './usage-error.js';

interface ExportFlags {
  out?: string;
  resume?: true;
  force?: true;
  json?: true;
}

/** How much of a file's end is looked at for the last cursor: 1,000 rows may lie behind it. */
const TAIL_STEP = 4 * 1024 * 1024;
const ROWS_A_STEP = 10_000;

export function defineExport(exporting: Command): void {
  exporting
    .option('--out <file>', 'where to; default: standard output')
    .option('--resume', 'go on with a file that an export left unfinished')
    .option('--force', 'write over a file that is there')
    .option('--json', 'print JSON (with --out)')
    .action(runExport);
}

async function runExport(product: string, flags: ExportFlags): Promise<void> {
  const { out } = flags;
  if (out === undefined && (flags.resume || flags.json)) throw new UsageError('--resume and --json need --out <file>.');
  if (out !== undefined && existsSync(out) && !flags.resume && !flags.force) throw new UsageError(`${out} is there already: --resume goes on with it, --force writes over it.`);
  const context = commandContext();
  if (!context.house.products.some(({ id }) => id === product)) throw new UsageError(`There is no product ${product}; there are ${context.house.products.map(({ id }) => id).join(', ')}.`);
  const cursor = out !== undefined && flags.resume && existsSync(out) ? await cutAtLastCursor(out) : undefined;
  if (cursor === 'whole') return flags.json ? printJson({ product, out, lines: 0, alreadyWhole: true }) : print(`${out} is whole already.`);
  const target: Writable = out === undefined ? process.stdout : createWriteStream(out, { flags: cursor === undefined ? 'w' : 'a' });
  const progress = progressPrinter(out !== undefined && !flags.json);
  let lines = 0;
  await withDatabases(context, async (databases, cluster) => {
    await new ExportService(databases, context.house, cluster).write(
      product,
      async (line) => {
        if (++lines % ROWS_A_STEP === 0) progress.step(`${lines.toLocaleString('en-GB')} lines`);
        if (!target.write(`${line}\n`)) await once(target, 'drain');
      },
      cursor,
    );
  });
  if (out === undefined) return;
  target.end();
  await once(target, 'finish');
  progress.done();
  if (flags.json) printJson({ product, out, lines, resumed: cursor !== undefined });
  else print(`${lines.toLocaleString('en-GB')} lines in ${out}`);
}

/**
 * Takes off what follows the last line with a cursor: its rows come again. A file without one is begun anew.
 * @returns the cursor; undefined where there is none; `whole` where the export had ended
 */
async function cutAtLastCursor(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    for (let length = Math.min(TAIL_STEP, size); ; length = Math.min(length * 4, size)) {
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      if (/(^|\n)\{"end":true,[^\n]*\}\n$/.test(buffer.toString('utf8', Math.max(0, length - 20_000)))) return 'whole';
      const at = buffer.lastIndexOf('\n{"cursor":"');
      const end = at < 0 ? -1 : buffer.indexOf('\n', at + 1);
      if (end >= 0) {
        await truncate(path, size - length + end + 1);
        return (JSON.parse(buffer.toString('utf8', at + 1, end)) as { cursor: string }).cursor;
      }
      if (length === size) return undefined;
    }
  } finally {
    await file.close();
  }
}
