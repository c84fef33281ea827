import type { Command } from 'commander';
import { canLogIn } from '../database/access/role-passwords.js';
import { requireAdminUrl } from '../database/cluster.js';
import { RoleNames } from '../database/role-names.js';
import { commandContext, withCluster } from './context.js';
import { print, printJson } from './output.js';
import { UsageError } from './usage-error.js';

export function defineUrl(url: Command): void {
  url
    .option('--json', 'print JSON')
    .action(runUrl);
}

async function runUrl(name: string, { json }: { json?: true }): Promise<void> {
  const context = commandContext();
  const names = new RoleNames(context.configuration.rolePrefix);
  const roles = names.logins(context.house.products);
  // A product's name is its role's too, unless a prefix keeps them apart; then either is understood.
  const role = context.house.products.some(({ id }) => id === name) ? names.of(name) : name;
  if (!roles.includes(role)) throw new UsageError(`There is no login role ${role}; there are ${roles.join(', ')}.`);
  await withCluster(context, async (cluster) => {
    requireAdminUrl(cluster);
    const url = await workingUrl(cluster.urlsOf(role));
    if (json) return printJson({ role, url });
    print(url);
  });
}

/** While the secret is being changed, one of two; where neither logs in, the one that should. */
async function workingUrl(urls: readonly string[]): Promise<string> {
  const [first = '', ...others] = urls;
  for (const url of others) if (!(await canLogIn([first])) && (await canLogIn([url]))) return url;
  return first;
}
