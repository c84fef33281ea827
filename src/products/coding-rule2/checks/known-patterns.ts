import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { severityOf, usableRules, type PatternRules, type Severity } from './pattern-rules.js';
import { PatternSet } from './pattern-set.js';

export interface KnownPattern {
  readonly id: string;
  readonly patternType: string;
  readonly patternDescription: string;
  readonly severity: Severity;
  readonly preventionActions: string[];
  readonly occurrences: number;
  readonly lastOccurrence: Date | null;
}

/** All patterns at one moment. */
export interface PatternsThen {
  /** What `FINGERPRINT` said of the rows. */
  readonly fingerprint: string;
  readonly patterns: readonly KnownPattern[];
  /** Their rules, by place in `patterns`. */
  readonly rules: PatternSet;
}

interface Row extends Omit<KnownPattern, 'severity'> {
  version: string;
  data: string;
}

interface Kept {
  readonly version: string;
  readonly data: string;
  readonly pattern: KnownPattern;
  readonly rules: PatternRules;
}

/** SQL: tells a row of mistake_patterns from every other one that it was or will be. Rows that are counted up change, too. */
const VERSION = 'hash_record_extended(ROW(xmin, ctid), 0)';
/** SQL: one value that changes with any row. Reads no rule, which may be long. */
export const FINGERPRINT = `(SELECT count(*) || ' ' || coalesce(bit_xor(${VERSION}), 0) FROM coding_rule2.mistake_patterns)`;

/** Every pattern with its rules ready, kept from one check to the next. Whoever uses them asks whether they still hold. */
@Injectable()
export class KnownPatterns {
  private kept: ReadonlyMap<string, Kept> = new Map();
  private now: PatternsThen = { fingerprint: fingerprintOf([]), patterns: [], rules: new PatternSet([]) };

  constructor(private readonly database: CodingRule2Database) {}

  /** As last read. */
  get last(): PatternsThen {
    return this.now;
  }

  /** Reads what has changed, by whatever process or by SQL; rules are made ready anew only where one has changed. */
  async refresh(): Promise<PatternsThen> {
    const versions = await this.database.query<{ id: string; version: string }>(`SELECT id, ${VERSION} AS version FROM coding_rule2.mistake_patterns ORDER BY id`);
    const changed = new Set(versions.filter(({ id, version }) => this.kept.get(id)?.version !== version).map(({ id }) => id));
    const read = new Map((await this.read([...changed])).map((row) => [row.id, row]));
    const kept = new Map<string, Kept>();
    for (const { id } of versions) {
      const row = read.get(id);
      const before = this.kept.get(id);
      if (row !== undefined) kept.set(id, keptOf(row, before));
      else if (before !== undefined && !changed.has(id)) kept.set(id, before);
    }
    const all = [...kept.values()];
    const isSame = all.length === this.kept.size && all.every(({ pattern: { id }, data }) => this.kept.get(id)?.data === data);
    this.now = {
      fingerprint: fingerprintOf(all),
      patterns: all.map(({ pattern }) => pattern),
      rules: isSame ? this.now.rules : new PatternSet(all.map(({ rules }) => rules)),
    };
    this.kept = kept;
    return this.now;
  }

  private read(ids: readonly string[]): Promise<Row[]> {
    return this.database.query<Row>(
      `SELECT id, ${VERSION} AS version, pattern_type AS "patternType", pattern_description AS "patternDescription", pattern_data::text AS data,
              coalesce(prevention_actions, '[]') AS "preventionActions", occurrences, last_occurrence AS "lastOccurrence"
         FROM coding_rule2.mistake_patterns WHERE id = ANY ($1::uuid[])`,
      [ids],
    );
  }
}

function keptOf({ version, data, ...row }: Row, before: Kept | undefined): Kept {
  if (before?.data === data) return { version, data, rules: before.rules, pattern: { ...row, severity: before.pattern.severity } };
  const patternData = JSON.parse(data) as Record<string, unknown>;
  return { version, data, rules: usableRules(patternData), pattern: { ...row, severity: severityOf(patternData) } };
}

/** What `FINGERPRINT` says where these are all rows. */
function fingerprintOf(rows: readonly { version: string }[]): string {
  return `${rows.length} ${rows.reduce((sum, { version }) => BigInt.asIntN(64, sum ^ BigInt(version)), 0n)}`;
}
