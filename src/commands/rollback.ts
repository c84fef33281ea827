import { userInfo } from 'node:os';
import type { Command } from 'commander';
import pc from 'picocolors';
import { rollBack } from '../database/roll-back.js';
import { messageOf } from '../database/migrations/run-journal.js';
import { VERSION } from '../version.js';
import { commandContext, withCluster } from './context.js';
import { migrateProgress } from './migrate-progress.js';
import { print, printJson } from './output.js';
import { stopSignal } from './stop-signal.js';
import { UsageError } from './usage-error.js';

interface RollbackFlags {
  schema: string;
  loseData?: true;
  json?: true;
}

export function defineRollback(rollback: Command): void {
  rollback
    .requiredOption('--schema <schema>', 'whose')
    .option('--lose-data', 'also where it drops or deletes what holds rows')
    .option('--json', 'print JSON')
    .action(runRollback);
}

async function runRollback(flags: RollbackFlags): Promise<void> {
  const context = commandContext();
  const manifests = [...context.house.shared, ...context.house.products];
  const manifest = manifests.find(({ id }) => id === flags.schema);
  if (manifest === undefined) throw new UsageError(`There is no schema ${flags.schema}; there are ${manifests.map(({ id }) => id).join(', ')}.`);
  await withCluster(context, async (cluster) => {
    const progress = migrateProgress(flags.json !== true, 1);
    const stop = stopSignal('stopping; again to end at once');
    try {
      const outcome = await rollBack(cluster, manifest, {
        loseData: flags.loseData === true,
        actor: `cli:${userInfo().username}`,
        release: VERSION,
        signal: stop.signal,
        onEvent: progress.event,
      });
      progress.stop();
      const error = outcome.error === undefined ? undefined : messageOf(outcome.error);
      if (flags.json) printJson({ schema: outcome.schema, takenBack: outcome.applied, ...(error !== undefined && { error }) });
      else if (error !== undefined) print(`${pc.red('failed')}  ${error}`);
      else print(outcome.applied.length === 0 ? `${outcome.schema} has nothing to take back.` : `${outcome.schema}: took back ${outcome.applied.join(', ')}. "nagaya migrate" applies it again.`);
      if (error !== undefined) process.exitCode = 1;
    } finally {
      progress.stop();
      stop.done();
    }
  });
}
