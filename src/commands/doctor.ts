import type { Command } from 'commander';
import pc from 'picocolors';
import type { AccessPlan, Finding } from '../database/access/finding.js';
import { GROUND_RULES, inspectAccess, repairAccess, TABLE_RULES, unmended, withoutVerifier } from '../database/access/repair.js';
import { WATCH_RULES } from '../database/access/watch.js';
import { withAdmin, type AdminConnection } from '../database/admin-connection.js';
import { withoutArchived } from '../database/archived-schemas.js';
import { requireAdminUrl } from '../database/cluster.js';
import { isDrift } from '../database/drift/compare.js';
import { withLock } from '../database/migrations/schema-lock.js';
import { planAccess } from '../database/migrator.js';
import { AppError } from '../errors/app-error.js';
import { commandContext, withCluster } from './context.js';
import { printDrift, readDrift } from './drift.js';
import { print, printJson } from './output.js';

interface DoctorFlags {
  fix?: true;
  drift?: true;
  json?: true;
}

interface Diagnosis {
  readonly findings: readonly Finding[];
  /** Those that --fix has set right. */
  readonly mended: readonly Finding[];
  /** Why the rest could not be, in the server's words. */
  readonly failure?: string;
}

const RULES = [...GROUND_RULES, ...TABLE_RULES, ...WATCH_RULES];

const LABELS = { error: pc.red('error  '), warning: pc.yellow('warning'), notice: pc.dim('notice ') } as const;

export function defineDoctor(doctor: Command): void {
  doctor
    .option('--fix', 'mend what can be mended')
    .option('--drift', 'also hold every schema against what its migrations make, object by object')
    .option('--json', 'print JSON')
    .action(runDoctor);
}

async function runDoctor(flags: DoctorFlags): Promise<void> {
  const context = commandContext();
  const diagnosis = await withCluster(context, (cluster) =>
    withAdmin(requireAdminUrl(cluster), async (admin) => {
      const house = await withoutArchived(admin, context.house);
      const plan = await planAccess(admin, cluster, house, context.configuration.roleConnectionLimit);
      if (flags.fix) return withLock(admin, 'access', () => mend(admin, plan));
      return { findings: await inspectAccess(admin, plan, RULES), mended: [] };
    }),
  );
  const drift = flags.drift ? await withCluster(context, (cluster) => readDrift(cluster, context)) : undefined;
  if (flags.json) printJson({ findings: diagnosis.findings.map(describe), ...(flags.fix && { mended: diagnosis.mended.map(describe) }), ...(drift && { drift }) });
  else printDiagnosis(diagnosis);
  if (drift && !flags.json) printDrift(drift);
  if (drift?.some(({ state }) => isDrift(state))) process.exitCode = 1;
  if (diagnosis.failure !== undefined) process.stderr.write(`${diagnosis.failure}\n`);
  if (diagnosis.findings.some((finding) => finding.severity === 'error')) process.exitCode = 1;
}

/** Looks, mends, and looks again: what is told as mended is gone, and what could not be is told with its reason. */
async function mend(admin: AdminConnection, plan: AccessPlan): Promise<Diagnosis> {
  const before = await inspectAccess(admin, plan, RULES);
  const failures: string[] = [];
  // Rule by rule: one that can't be mended must not keep the others from being.
  for (const rule of RULES) {
    try {
      const errors = (await repairAccess(admin, plan, [rule])).filter((finding) => finding.severity === 'error');
      if (errors.length > 0) failures.push(unmended(errors).message);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'conflict')) throw error;
      failures.push(error.message);
    }
  }
  const findings = await inspectAccess(admin, plan, RULES);
  const left = new Set(findings.map(({ rule, detail }) => `${rule} ${detail}`));
  return {
    findings,
    mended: before.filter(({ rule, detail }) => !left.has(`${rule} ${detail}`)),
    ...(failures.length > 0 && { failure: failures.join('\n') }),
  };
}

function describe({ rule, severity, detail, fix }: Finding): object {
  return { rule, severity, detail, fix: fix.map(({ sql }) => withoutVerifier(sql)) };
}

function printDiagnosis({ findings, mended }: Diagnosis): void {
  for (const { rule, detail } of mended) print(`${pc.green('mended ')}  ${detail} ${pc.dim(`[${rule}]`)}`);
  for (const { rule, severity, detail, fix } of findings) {
    print(`${LABELS[severity]}  ${detail} ${pc.dim(`[${rule}]`)}`);
    for (const { sql } of fix) print(pc.dim(`           ${withoutVerifier(sql)};`));
  }
  if (findings.some((finding) => finding.severity === 'error')) return;
  print(`${pc.green('✓')} Roles, grants and policies are what the manifests say${findings.some((finding) => finding.severity === 'warning') ? '; the warnings are not for Nagaya alone to mend' : ''}.`);
}
