import { createReadStream } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ImportService } from '../transfer/import.service.js';
import { linesOf, readLine } from '../transfer/transfer-lines.js';
import { ON_EXISTING, type ImportReport, type OnExisting } from '../transfer/transfer.dto.js';
import { commandContext, withDatabases } from './context.js';
import { printJson, printTable, progressPrinter } from './output.js';
import { UsageError } from './usage-error.js';

interface ImportFlags {
  onExisting: OnExisting;
  fromLine: number;
  json?: true;
}

const LINES_A_STEP = 10_000;

export function defineImport(importing: Command): void {
  importing
    .addOption(new Option('--on-existing <what>', 'what to do with rows that are there already').choices(ON_EXISTING).default('keep'))
    .option('--from-line <number>', 'go on at this line', readNumber, 1)
    .option('--json', 'print JSON')
    .action(runImport);
}

async function runImport(file: string, flags: ImportFlags): Promise<void> {
  const context = commandContext();
  const progress = progressPrinter(!flags.json);
  const lines = linesOf(file === '-' ? process.stdin : createReadStream(file));
  const first = await lines.next();
  const header = first.done ? undefined : readLine(first.value);
  if (header?.kind !== 'header') throw new UsageError(`${file} does not begin like an export.`);
  const { product } = header.header;
  if (!context.house.products.some(({ id }) => id === product)) throw new UsageError(`${file} is an export of ${product}, and there is no such product here.`);
  const report = await withDatabases(context, (databases) =>
    new ImportService(databases, context.house).read(product, counted(first.value as string, lines, progress.step), flags),
  );
  progress.done();
  if (flags.json) printJson({ product, ...report });
  else printReport(report);
  if (report.isWhole) return;
  process.stderr.write(`The file ends before the export did: what it has is imported, the rest is missing. Finish it with: nagaya export ${product} --out <file> --resume\n`);
  process.exitCode = 1;
}

async function* counted(first: string, others: AsyncGenerator<string>, step: (text: string) => void): AsyncGenerator<string> {
  yield first;
  let count = 1;
  for await (const line of others) {
    if (++count % LINES_A_STEP === 0) step(`${count.toLocaleString('en-GB')} lines`);
    yield line;
  }
}

function printReport({ byTable, inserted, existing }: ImportReport): void {
  const rows = [...byTable.map((table) => [table.table, String(table.inserted), String(table.existing)]), ['in all', String(inserted), String(existing)]];
  printTable(['table', 'written', 'there already'], rows);
}

function readNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a line number, counted from 1.');
  return Number(text);
}
