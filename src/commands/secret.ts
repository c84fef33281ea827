import type { Command } from 'commander';
import { rotateSecret } from '../database/rotate-secret.js';
import { commandContext, withCluster } from './context.js';
import { print, printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

export function defineSecret(secret: Command): void {
  secret
    .command('rotate')
    .description('move all roles from NAGAYA_ROLE_SECRET_PREVIOUS to NAGAYA_ROLE_SECRET; open connections stay')
    .option('--json', 'print JSON')
    .action(runRotate);
}

async function runRotate({ json }: { json?: true }): Promise<void> {
  const context = commandContext();
  const { databaseUrl, roleSecretPrevious } = context.configuration;
  if (databaseUrl !== undefined && roleSecretPrevious === undefined) {
    throw new UsageError('Put the new secret into NAGAYA_ROLE_SECRET and the one before it into NAGAYA_ROLE_SECRET_PREVIOUS, first in every process that serves, then here.');
  }
  await withCluster(context, async (cluster) => {
    const roles = await rotateSecret(cluster);
    if (json) return printJson({ roles });
    if (roles.length === 0) return print('Every role has the new secret already.');
    printTable(['role', 'password'], roles.map(({ role, password }) => [role, password]));
    print('\nProcesses that know the new secret go on; take NAGAYA_ROLE_SECRET_PREVIOUS away from them at their next restart.');
  });
}
