import type { Finding } from '../access/finding.js';
import { unmended } from '../access/repair.js';
import type { SchemaManifest } from '../manifest.js';
import type { SchemaOutcome } from './migrate-schema.js';

/** What a run finds wrong beside its migrations: warnings for the report, and failures of single products that stop nobody else. */
export class Faults {
  readonly warnings: Finding[] = [];
  private readonly failures = new Map<string, unknown>();

  has(id: string): boolean {
    return this.failures.has(id);
  }

  /** The first one counts: what goes wrong later mostly follows from it. */
  add(id: string, error: unknown): void {
    if (!this.failures.has(id)) this.failures.set(id, error);
  }

  /** What access could not be made right: warnings, and errors for the product that they are about. */
  sort(left: readonly Finding[]): void {
    this.warnings.push(...left.filter((finding) => finding.severity === 'warning' && !this.warnings.some(({ detail }) => detail === finding.detail)));
    const errors = left.filter((finding) => finding.severity === 'error');
    for (const about of new Set(errors.map((finding) => finding.about ?? ''))) this.add(about, unmended(errors.filter((finding) => finding.about === about)));
  }

  /** Schemas that were not begun because a shared one failed have no outcome; all others have, those with a fault too. */
  addTo(outcomes: readonly SchemaOutcome[], wanted: readonly SchemaManifest[]): SchemaOutcome[] {
    const sharedFailed = wanted.some(({ id, kind }) => kind === 'shared' && outcomes.some((outcome) => outcome.schema === id && outcome.error !== undefined));
    return wanted.flatMap(({ id }) => {
      const outcome = outcomes.find(({ schema }) => schema === id);
      const error = outcome?.error ?? this.failures.get(id);
      if (outcome === undefined && (sharedFailed || error === undefined)) return [];
      return [{ ...(outcome ?? { schema: id, applied: [] }), ...(error !== undefined && { error }) }];
    });
  }
}
