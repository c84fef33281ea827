import { AppError } from '../../errors/app-error.js';
import type { AdminConnection } from '../admin-connection.js';
import { databasePrivileges, publicSchemaPrivileges } from './database-privileges.js';
import { largeObjects, vectorExtension } from './extension.js';
import { defaultPrivileges } from './default-privileges.js';
import type { AccessPlan, AccessRule, Finding, FixStatement } from './finding.js';
import { functionDefaults, functions } from './functions.js';
import { grantOptions } from './grant-options.js';
import { memberships, migratorIsOwner } from './memberships.js';
import { relations } from './relations.js';
import { roleSettings } from './role-settings.js';
import { roles } from './roles.js';
import { rowSecurity } from './row-security.js';
import { schemas } from './schemas.js';
import { views } from './views.js';

/** What has to stand before the first migration, in the order in which one needs the other. */
export const GROUND_RULES: readonly AccessRule[] = [
  roles, migratorIsOwner, memberships, databasePrivileges, publicSchemaPrivileges,
  schemas, vectorExtension, functionDefaults, defaultPrivileges, roleSettings, largeObjects,
];
/** What follows from the tables that migrations made. */
export const TABLE_RULES: readonly AccessRule[] = [grantOptions, relations, rowSecurity, views, functions];

/** Two sessions changing one role or one database's ACL: PostgreSQL refuses the later one instead of waiting. */
const CONCURRENT_CHANGE = new Set(['XX000', '23505', '42710', '40001']);
const ATTEMPTS = 10;
/** Findings mended in one transaction. */
const BATCH = 200;

/** Compares without changing anything. */
export async function inspectAccess(admin: AdminConnection, plan: AccessPlan, rules: readonly AccessRule[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) findings.push(...(await rule(admin, plan)));
  return findings;
}

/**
 * Makes the live database match the plan, rule by rule, and looks again afterwards: who does not own an object gets
 * only a warning from REVOKE, so a command's success proves nothing.
 * @returns the findings that could not be mended: warnings, and errors that are about one product alone
 * @throws AppError `conflict` where an error-level finding stays that concerns everybody
 */
export async function repairAccess(admin: AdminConnection, plan: AccessPlan, rules: readonly AccessRule[]): Promise<Finding[]> {
  const left: Finding[] = [];
  for (const rule of rules) left.push(...(await repairRule(admin, plan, rule)));
  const products = new Set(plan.products.map((product) => product.id));
  const fatal = left.filter((finding) => finding.severity === 'error' && !products.has(finding.about ?? ''));
  if (fatal.length === 0) return left;
  throw unmended(left.filter((finding) => finding.severity === 'error'));
}

/** What the migrator could not set right, and what would. */
export function unmended(findings: readonly Finding[]): AppError {
  return new AppError('conflict', `The migrator could not set these right:\n${findings.map(describe).join('\n')}`);
}

async function repairRule(admin: AdminConnection, plan: AccessPlan, rule: AccessRule): Promise<Finding[]> {
  for (let attempt = 1; ; attempt++) {
    const findings = await rule(admin, plan);
    if (findings.length === 0) return [];
    const failures = await applyFixes(admin, findings, plan.roles.owner);
    const left = await rule(admin, plan);
    if (left.length === 0) return [];
    const contended = [...failures.values()].some((error) => CONCURRENT_CHANGE.has(sqlState(error)));
    // Made by a migration beside this one since we looked: not mended yet, and no failure.
    const hasNew = left.some((finding) => !findings.some((known) => known.detail === finding.detail));
    if (!(contended || hasNew) || attempt === ATTEMPTS) return left.map((finding) => withReason(finding, failures.get(finding.detail)));
    await new Promise((resolve) => setTimeout(resolve, 20 * attempt * (1 + Math.random())));
  }
}

/**
 * Hundreds of products are thousands of grants, and a transaction each takes minutes: as many as a batch holds go in
 * one, and only where that fails each goes alone, so that one that can't be mended holds up none of the others.
 * @returns by the finding's detail, why it could not be applied
 */
async function applyFixes(admin: AdminConnection, findings: readonly Finding[], owner: string): Promise<Map<string, unknown>> {
  const failures = new Map<string, unknown>();
  for (const batch of batches(findings)) {
    if (batch.length > 1 && (await succeeds(applyFix(admin, batch.flatMap((finding) => finding.fix), owner)))) continue;
    for (const finding of batch) {
      try {
        await applyFix(admin, finding.fix, owner);
      } catch (error) {
        failures.set(finding.detail, error);
      }
    }
  }
  return failures;
}

/** In the order in which they came, those together that run with the same rights. */
function batches(findings: readonly Finding[]): Finding[][] {
  const grouped: Finding[][] = [];
  for (const finding of findings) {
    const last = grouped.at(-1);
    if (last !== undefined && last.length < BATCH && last[0] !== undefined && needsOwner(last[0].fix) === needsOwner(finding.fix)) last.push(finding);
    else grouped.push([finding]);
  }
  return grouped;
}

function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

function needsOwner(fix: readonly FixStatement[]): boolean {
  return fix.some((statement) => statement.as === 'owner');
}

async function applyFix(admin: AdminConnection, fix: readonly FixStatement[], owner: string): Promise<void> {
  if (fix.length === 0) return;
  const run = async (): Promise<void> => {
    await admin.query(fix.map(({ sql }) => sql).join(';\n'));
  };
  await (needsOwner(fix) ? admin.asOwner(owner, run) : admin.transaction(run));
}

function withReason(finding: Finding, error: unknown): Finding {
  return error instanceof Error ? { ...finding, detail: `${finding.detail} (${error.message})` } : finding;
}

function describe(finding: Finding): string {
  const statements = finding.fix.map(({ sql }) => `\n      ${withoutVerifier(sql)};`).join('');
  return `  - ${finding.detail}${statements === '' ? '' : ` A superuser mends it with:${statements}`}`;
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** For people and logs: a password's verifier is no password, but it has no place there either. */
export function withoutVerifier(sql: string): string {
  return sql.replace(/ PASSWORD .*/, " PASSWORD '…'");
}
