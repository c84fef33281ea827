const ROLE_URL_PREFIX = 'NAGAYA_URL_';
export const SECRET_MIN_LENGTH = 32;
/** What the roles' names begin with where nothing else is said. */
export const DEFAULT_ROLE_PREFIX = 'nagaya';

export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

/** Reads values of the environment by kind and remembers all that is wrong with them, so that it is told at once. */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(private readonly source: EnvironmentSource) {}

  has(name: string): boolean {
    return this.text(name) !== undefined;
  }

  /** An empty value counts as absent, as compose files and shells produce it for "not set". */
  text(name: string): string | undefined {
    const value = this.source[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  secret(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || value.length >= SECRET_MIN_LENGTH) return value;
    this.problems.push(`${name} is ${value.length} characters long; it needs ${SECRET_MIN_LENGTH} or more`);
    return undefined;
  }

  /** As a header carries it. The value is a secret, so a problem does not repeat it. */
  token(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || /^[\x21-\x7e]+$/.test(value)) return value;
    this.problems.push(`${name} must be printable ASCII without spaces`);
    return undefined;
  }

  /** Without an underscore, so that no two prefixes can give two roles one name; short, so that no name is cut off by the server. */
  rolePrefix(name: string): string {
    const value = this.text(name);
    if (value === undefined) return DEFAULT_ROLE_PREFIX;
    if (/^[a-z][a-z0-9]{0,15}$/.test(value) && value !== 'pg') return value;
    this.problems.push(`${name} is "${value}"; it must be 1 to 16 lower-case letters and digits, begin with a letter, and not be pg`);
    return DEFAULT_ROLE_PREFIX;
  }

  integer(name: string, rule: { default: number; min: number; max: number }): number {
    const value = this.text(name);
    if (value === undefined) return rule.default;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= rule.min && number <= rule.max) return number;
    this.problems.push(`${name} is "${value}"; it must be a whole number from ${rule.min} to ${rule.max}`);
    return rule.default;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    if (['true', '1', 'yes'].includes(value)) return true;
    if (['false', '0', 'no'].includes(value)) return false;
    this.problems.push(`${name} is "${value}"; it must be true or false`);
    return fallback;
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const match = values.find((candidate) => candidate === value);
    if (match !== undefined) return match;
    this.problems.push(`${name} is "${value}"; it must be one of ${values.join(', ')}`);
    return fallback;
  }

  /** @param known what its entries may be; anything unless given */
  list(name: string, known?: readonly string[]): readonly string[] | undefined {
    const entries = this.text(name)
      ?.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    const strange = known === undefined ? [] : (entries?.filter((entry) => !known.includes(entry)) ?? []);
    if (known !== undefined && strange.length > 0) this.problems.push(`${name} names ${strange.join(', ')}; there are ${known.join(', ')}`);
    return entries?.length === 0 ? undefined : entries;
  }

  /** The value may hold a password, so a problem names the variable and never the value. */
  postgresUrl(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (URL.canParse(value)) {
      const url = new URL(value);
      const isPostgres = url.protocol === 'postgres:' || url.protocol === 'postgresql:';
      if (isPostgres && url.pathname.length > 1) return value;
    }
    this.problems.push(`${name} must look like postgresql://user:password@host:5432/database`);
    return undefined;
  }

  /** The value may hold a password too. */
  httpUrl(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))) return value;
    this.problems.push(`${name} must look like http://host:4318`);
    return undefined;
  }

  roleUrls(roles: readonly string[]): ReadonlyMap<string, string> {
    const urls = new Map<string, string>();
    for (const role of roles) {
      const url = this.postgresUrl(ROLE_URL_PREFIX + role.toUpperCase());
      if (url !== undefined) urls.set(role, url);
    }
    const known = new Set(roles.map((role) => ROLE_URL_PREFIX + role.toUpperCase()));
    for (const name of Object.keys(this.source)) {
      if (name.startsWith(ROLE_URL_PREFIX) && !known.has(name)) {
        this.problems.push(`${name} names no login role; there are ${roles.join(', ')}`);
      }
    }
    return urls;
  }

  /** @param known the `NAGAYA_…` names that there are, but for the roles' URLs */
  refuseUnknown(known: ReadonlySet<string>): void {
    for (const name of Object.keys(this.source)) {
      if (!name.startsWith('NAGAYA_') || name.startsWith(ROLE_URL_PREFIX) || known.has(name)) continue;
      this.problems.push(`${name} is not a name that Nagaya knows; see docs/configuration.md`);
    }
  }
}
