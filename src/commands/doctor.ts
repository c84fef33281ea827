import type { Command } from 'commander';
import pc from 'picocolors';
import type { Finding } from '../database/access/finding.js';
import { GROUND_RULES, inspectAccess, repairAccess, TABLE_RULES, withoutVerifier } from '../database/access/repair.js';
import { withAdmin } from '../database/admin-connection.js';
import { withoutArchived } from '../database/archived-schemas.js';
import { requireAdminUrl } from '../database/cluster.js';
import { isDrift } from '../database/drift/compare.js';
import { withLock } from '../database/migrations/schema-lock.js';
import { planAccess } from '../database/migrator.js';
import { commandContext, withCluster } from './context.js';
import { printDrift, readDrift } from './drift.js';
import { print, printJson } from './output.js';

interface DoctorFlags {
  fix?: true;
  drift?: true;
  json?: true;
}

const RULES = [...GROUND_RULES, ...TABLE_RULES];

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('compare roles, grants and policies with what the manifests say; exit 1 where isolation or service is at risk')
    .option('--fix', 'mend what can be mended')
    .option('--drift', 'also hold every schema against what its migrations make, object by object')
    .option('--json', 'print JSON')
    .action(runDoctor);
}

async function runDoctor(flags: DoctorFlags): Promise<void> {
  const context = commandContext();
  const findings = await withCluster(context, (cluster) =>
    withAdmin(requireAdminUrl(cluster), async (admin) => {
      const house = await withoutArchived(admin, context.house);
      const plan = await planAccess(admin, cluster, house, context.configuration.roleConnectionLimit);
      if (flags.fix) return withLock(admin, 'access', () => repairAccess(admin, plan, RULES));
      return inspectAccess(admin, plan, RULES);
    }),
  );
  const drift = flags.drift ? await withCluster(context, (cluster) => readDrift(cluster, context)) : undefined;
  if (flags.json) printJson({ findings: findings.map(describe), ...(drift && { drift }) });
  else printFindings(findings);
  if (drift && !flags.json) printDrift(drift);
  if (drift?.some(({ state }) => isDrift(state))) process.exitCode = 1;
  if (findings.some((finding) => finding.severity === 'error')) process.exitCode = 1;
}

function describe({ rule, severity, detail, fix }: Finding): object {
  return { rule, severity, detail, fix: fix.map(({ sql }) => withoutVerifier(sql)) };
}

function printFindings(findings: readonly Finding[]): void {
  if (findings.length === 0) return print(`${pc.green('✓')} Roles, grants and policies are what the manifests say.`);
  for (const { rule, severity, detail, fix } of findings) {
    print(`${severity === 'error' ? pc.red('error  ') : pc.yellow('warning')}  ${detail} ${pc.dim(`[${rule}]`)}`);
    for (const { sql } of fix) print(pc.dim(`           ${withoutVerifier(sql)};`));
  }
}
