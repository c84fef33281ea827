import type { AccessPlan, Finding } from '../access/finding.js';
import { TABLE_RULES } from '../access/repair.js';
import type { Queryable } from '../admin-connection.js';
import type { SchemaManifest } from '../manifest.js';
import { compareHistory } from '../migrations/migration-state.js';
import { readCatalogues } from './catalogue.js';
import { compareWithFingerprint, type Difference, type DriftReport } from './compare.js';
import { loadFingerprint } from './fingerprint.js';

/**
 * How each schema stands to its migrations, and its tables' grants and policies to the manifests.
 * @param db any login: the catalogue is open to all
 * @param histories names of the migrations applied, by schema; one that is missing there was not to be read
 */
export async function inspectDrift(
  db: Queryable,
  plan: AccessPlan,
  manifests: readonly SchemaManifest[],
  histories: ReadonlyMap<string, readonly string[]>,
): Promise<DriftReport[]> {
  const ids = manifests.map(({ id }) => id);
  const catalogues = await readCatalogues(db, ids, manifests.filter(({ kind }) => kind === 'product').map(({ id }) => id));
  const access = await accessDifferences(db, plan);
  const reports: DriftReport[] = [];
  for (const manifest of manifests) {
    const applied = histories.get(manifest.id);
    if (applied === undefined) {
      reports.push({ schema: manifest.id, state: 'unknown', differences: [], reason: 'Its history could not be read.' });
      continue;
    }
    const history = await compareHistory(manifest, applied);
    const report = compareWithFingerprint(history, applied, catalogues.get(manifest.id) ?? new Map(), await loadFingerprint(manifest));
    reports.push(withAccess(report, access.get(manifest.id) ?? []));
  }
  return reports;
}

/** By the schema or role that they are about. */
async function accessDifferences(db: Queryable, plan: AccessPlan): Promise<Map<string, Difference[]>> {
  const found = new Map<string, Difference[]>();
  for (const rule of TABLE_RULES) {
    for (const finding of await rule(db, plan)) {
      if (finding.severity !== 'error') continue;
      const about = finding.about ?? plan.shared[0]?.id ?? '';
      found.set(about, [...(found.get(about) ?? []), differenceOf(finding)]);
    }
  }
  return found;
}

function differenceOf({ rule, detail }: Finding): Difference {
  return { object: `access ${rule}`, change: 'changed', expected: null, actual: detail };
}

/** Between a migration and the grants that follow it, a schema that is behind or ahead lacks some; elsewhere somebody took or gave them. */
function withAccess(report: DriftReport, differences: readonly Difference[]): DriftReport {
  if (differences.length === 0) return report;
  const isSettled = report.state === 'in_step' || report.state === 'unknown';
  return {
    ...report,
    state: isSettled ? 'tampered' : report.state,
    reason: isSettled ? 'Its grants, policies or owners are not what the manifests say: run nagaya migrate.' : report.reason,
    differences: [...report.differences, ...differences],
  };
}
