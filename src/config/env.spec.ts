import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError, loadConfiguration, LOG_LEVELS, readConfiguration, type Configuration } from './env.js';

type Source = Record<string, string>;

const ROLES = ['nagaya_control', 'coding_rule2'];
const SERVER = 'postgres://db.example/nagaya';
const SECRET = 'not a secret, but long enough to be one';

const read = (source: Source): Configuration => readConfiguration(source, (prefix) => ROLES.map((role) => role.replace('nagaya', prefix)));

/** What is wrong with the source, a line each; nothing where it is good. */
function problemsIn(source: Source): readonly string[] {
  try {
    read(source);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

const namesIn = (problems: readonly string[]): string[] => problems.map((problem) => problem.split(' ', 1)[0] ?? '').sort();

/** Every name that is looked up, found by watching which ones are. */
function lookedUp(): string[] {
  const names = new Set<string>();
  read(new Proxy<Source>({}, { get: (_, name) => void names.add(String(name)) }));
  return [...names];
}

const BOUNDS: Readonly<Record<string, readonly [min: number, max: number, key: keyof Configuration]>> = {
  PORT: [0, 65_535, 'port'],
  NAGAYA_BODY_LIMIT: [1_024, 1_073_741_824, 'bodyLimit'],
  NAGAYA_RATE_LIMIT: [0, 100_000_000, 'rateLimit'],
  NAGAYA_POOL_MAX: [1, 20, 'poolMax'],
  NAGAYA_MAX_CONNECTIONS: [2, 10_000, 'maxConnections'],
  NAGAYA_ROLE_CONNECTION_LIMIT: [1, 10_000, 'roleConnectionLimit'],
};

const badUrl = fc.constantFrom('db.example', 'mysql://db.example/nagaya', 'postgres://db.example', 'postgres://db.example/', 'postgres://[/x');
const badSecret = fc.stringMatching(/^[!-~]{1,31}$/);
const badFlag = fc.constantFrom('maybe', 'on', '2', 'truefalse');
const notAWholeNumber = fc.constantFrom('many', '1.5', '-1', '1e3', '0x10', '99999999999', '1'.repeat(400));

/** A bad value for every name that can have one, and names that nobody knows. */
const BAD: Readonly<Record<string, fc.Arbitrary<string>>> = {
  DATABASE_URL: badUrl,
  DATABASE_ADMIN_URL: badUrl,
  NAGAYA_URL_CODING_RULE2: badUrl,
  NAGAYA_URL_TEA_HOUSE: fc.constant(SERVER),
  NAGAYA_ROLE_SECRET: badSecret,
  NAGAYA_BACKUP_SECRET: badSecret,
  NAGAYA_ROLE_PREFIX: fc.constantFrom('pg', 'Blue', '2nd', 'with_underscore', 'a'.repeat(17), 'blue-2', 'ä'),
  NAGAYA_ROLE_SECERT: fc.constant(SECRET),
  MIGRATE_ON_START: badFlag,
  NAGAYA_DOCS: badFlag,
  NAGAYA_BACKUP_TO: fc.constantFrom('s3://', 's3:bucket', 's3://Bucket', 's3://bucket/../other', 's3://bucket/pre fix', 'file:///backups'),
  NAGAYA_BACKUP_S3_ENDPOINT: fc.constantFrom('s3.example', 'ftp://s3.example', 'https://login:password@s3.example', 'https://s3.example/bucket'),
  NAGAYA_BACKUP_S3_PATH_STYLE: badFlag,
  NAGAYA_BACKUP_S3_PART_SIZE: notAWholeNumber,
  NAGAYA_BACKUP_KEY: badSecret,
  NAGAYA_BACKUP_COMPRESSION: fc.constantFrom('zstd:0', 'zstd:23', 'gzip:10', 'lz4:13', 'brotli', 'zstd:', 'none:1'),
  NAGAYA_BACKUP_KEEP: fc.constantFrom('3', 'hourly=3', 'last=-1', 'last=many', 'last=3;daily=7'),
  NAGAYA_BACKUP_JOBS: notAWholeNumber,
  NAGAYA_BACKUP_SCHEDULE: fc.constantFrom('full', 'full=', 'full=0s', 'full=61 * * * *', 'a b=6h', '=6h'),
  NAGAYA_BACKUP_DRILL: fc.constantFrom('weekly', '0d', '* * *'),
  NAGAYA_BACKUP_SCRATCH_URL: badUrl,
  NAGAYA_API_URL: fc.constantFrom('nagaya.example', 'ftp://nagaya.example'),
  LOG_LEVEL: fc.constantFrom('loud', 'INFO', '3'),
  ...Object.fromEntries(Object.keys(BOUNDS).map((name) => [name, notAWholeNumber])),
};

describe('readConfiguration', () => {
  it('needs nothing: without any setting it is the embedded engine on this machine', () => {
    expect(read({})).toEqual({
      databaseUrl: undefined,
      databaseAdminUrl: undefined,
      roleSecret: undefined,
      backupSecret: undefined,
      rolePrefix: 'nagaya',
      roleUrls: new Map(),
      host: '127.0.0.1',
      port: 3000,
      activeProducts: undefined,
      migrateOnStart: true,
      dataDir: resolve('data'),
      logLevel: 'info',
      docs: true,
      bodyLimit: 32 * 1024 * 1024,
      rateLimit: 10_000,
      poolMax: 20,
      maxConnections: 60,
      heavyBesideOthers: 1,
      roleConnectionLimit: 60,
      backup: {
        to: resolve('backups'),
        key: undefined,
        clientFolder: undefined,
        keep: { last: 3, daily: 7, weekly: 4, monthly: 6 },
        scratchUrl: undefined,
        jobs: 1,
        schedule: [],
        drill: undefined,
      },
    });
  });

  it('takes a bucket for backups, on AWS or anywhere else', () => {
    const secret = { NAGAYA_BACKUP_S3_ACCESS_KEY_ID: 'id', NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY: 'secret' };
    expect(read({ NAGAYA_BACKUP_TO: 's3://bucket/a/b/' }).backup).toMatchObject({ to: 's3://bucket/a/b', bucket: { bucket: 'bucket', prefix: 'a/b', pathStyle: false, partBytes: 16 * 1024 * 1024 } });
    expect(read({ NAGAYA_BACKUP_TO: 's3://bucket', NAGAYA_BACKUP_S3_ENDPOINT: 'http://s3.example:9000/', ...secret }).backup.bucket).toEqual({
      bucket: 'bucket',
      prefix: '',
      endpoint: 'http://s3.example:9000',
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      pathStyle: true,
      partBytes: 16 * 1024 * 1024,
    });
    expect(problemsIn({ NAGAYA_BACKUP_S3_ACCESS_KEY_ID: 'id' })).toEqual([expect.stringContaining('NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY is missing')]);
    expect(problemsIn({ NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY: 'hidden' })).toEqual([expect.not.stringContaining('hidden')]);
  });

  it('takes the names of the roles from the prefix, also where one has a URL of its own', () => {
    const { rolePrefix, roleUrls } = read({ NAGAYA_ROLE_PREFIX: 'blue2', NAGAYA_URL_BLUE2_CONTROL: SERVER });
    expect({ rolePrefix, roleUrls }).toEqual({ rolePrefix: 'blue2', roleUrls: new Map([['blue2_control', SERVER]]) });
    expect(problemsIn({ NAGAYA_ROLE_PREFIX: 'blue2', NAGAYA_URL_NAGAYA_CONTROL: SERVER })).toEqual([expect.stringContaining('there are blue2_control')]);
  });

  it('reports every bad value and every unknown name in one go', () => {
    const anySubset = fc.subarray(Object.keys(BAD), { minLength: 1 }).chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, BAD[name] ?? fc.constant('')]))));
    fc.assert(
      fc.property(anySubset, (source) => {
        expect(namesIn(problemsIn(source))).toEqual(Object.keys(source).sort());
      }),
    );
  });

  it('says in its message all that is wrong, for whoever reads only that', () => {
    const error = new ConfigurationError(['one thing', 'another']);
    expect(error.message).toContain('one thing');
    expect(error.message).toContain('another');
  });

  it('refuses any NAGAYA_ name that it does not know, and leaves the rest of the environment alone', () => {
    const known = new Set(lookedUp());
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z][A-Z_]{0,20}$/), fc.string(), (suffix, value) => {
        fc.pre(!known.has(`NAGAYA_${suffix}`));
        expect(namesIn(problemsIn({ [`NAGAYA_${suffix}`]: value }))).toEqual([`NAGAYA_${suffix}`]);
        expect(problemsIn({ [`MY_${suffix}`]: value })).toEqual([]);
      }),
    );
  });

  it('knows every name that it looks up', () => {
    const unknown = problemsIn(Object.fromEntries(lookedUp().map((name) => [name, 'x']))).filter((problem) => problem.includes('is not a name'));
    expect(unknown).toEqual([]);
  });

  it('never repeats a password or a secret', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{12,20}$/), (hidden) => {
        const url = `mysql://somebody:${hidden}@db.example/nagaya`;
        const source = { DATABASE_URL: url, DATABASE_ADMIN_URL: url, NAGAYA_URL_CODING_RULE2: url, NAGAYA_URL_NOBODY: url, NAGAYA_ROLE_SECRET: hidden, NAGAYA_BACKUP_SECRET: hidden, NAGAYA_SECRET: hidden };
        const problems = problemsIn(source);
        expect(namesIn(problems)).toEqual(Object.keys(source).sort());
        expect(problems.join('\n')).not.toContain(hidden);
      }),
    );
  });

  it('takes an empty value, or one of spaces, as none', () => {
    const names = lookedUp();
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', ' ', '\t', '  \n'), { minLength: names.length, maxLength: names.length }), (blanks) => {
        expect(read(Object.fromEntries(names.map((name, index) => [name, blanks[index] ?? ''])))).toEqual(read({}));
      }),
    );
  });

  it.each(Object.entries(BOUNDS))('takes %s within its bounds and refuses it beyond', (name, [min, max, key]) => {
    fc.assert(fc.property(fc.integer({ min, max }), (value) => expect(read({ [name]: ` ${value} ` })[key]).toBe(value)));
    for (const edge of [min, max]) expect(read({ [name]: String(edge) })[key]).toBe(edge);
    for (const beyond of [min - 1, max + 1]) expect(namesIn(problemsIn({ [name]: String(beyond) }))).toEqual([name]);
  });

  it.each(['MIGRATE_ON_START', 'NAGAYA_DOCS'])('takes true, 1, yes and their opposites for %s', (name) => {
    const key = name === 'NAGAYA_DOCS' ? 'docs' : 'migrateOnStart';
    for (const word of ['true', '1', 'yes', 'TRUE']) expect(read({ [name]: word })[key]).toBe(true);
    for (const word of ['false', '0', 'no', 'False']) expect(read({ [name]: word })[key]).toBe(false);
  });

  it('takes every level that the logger has', () => {
    for (const level of LOG_LEVELS) expect(read({ LOG_LEVEL: level }).logLevel).toBe(level);
  });

  it('reads a list with its spaces and stray commas taken off', () => {
    expect(read({ ACTIVE_PRODUCTS: ' coding_rule2 , ,tea_house,' }).activeProducts).toEqual(['coding_rule2', 'tea_house']);
  });

  it('names the entries of a list that there are not', () => {
    const chosen = (ids: string): Configuration => readConfiguration({ ACTIVE_PRODUCTS: ids }, () => [], ['coding_rule2', 'tea_house']);
    expect(() => chosen('tea_house,nobody,none')).toThrow('ACTIVE_PRODUCTS names nobody, none; there are coding_rule2, tea_house');
    expect(chosen('tea_house').activeProducts).toEqual(['tea_house']);
  });
});

describe('on a server', () => {
  const onServer = (source: Source): Configuration => read({ NAGAYA_ROLE_SECRET: SECRET, ...source });
  const withLogin = 'postgresql://migrator:secret@db.example/nagaya';

  it('demands a role secret, of 32 characters or more', () => {
    expect(namesIn(problemsIn({ DATABASE_URL: SERVER }))).toEqual(['NAGAYA_ROLE_SECRET']);
    expect(namesIn(problemsIn({ DATABASE_URL: SERVER, NAGAYA_ROLE_SECRET: 'x'.repeat(31) }))).toEqual(['NAGAYA_ROLE_SECRET']);
    expect(read({ DATABASE_URL: SERVER, NAGAYA_ROLE_SECRET: 'x'.repeat(32) }).roleSecret).toBe('x'.repeat(32));
  });

  it('migrates with the login of DATABASE_URL where that has one and there is no other', () => {
    expect(onServer({ DATABASE_URL: withLogin })).toMatchObject({ databaseUrl: withLogin, databaseAdminUrl: withLogin });
    expect(onServer({ DATABASE_URL: SERVER })).toMatchObject({ databaseUrl: SERVER, databaseAdminUrl: undefined });
  });

  it('keeps the two apart where both are given, and takes the second for both where it stands alone', () => {
    expect(onServer({ DATABASE_URL: SERVER, DATABASE_ADMIN_URL: withLogin })).toMatchObject({ databaseUrl: SERVER, databaseAdminUrl: withLogin });
    expect(onServer({ DATABASE_ADMIN_URL: withLogin })).toMatchObject({ databaseUrl: withLogin, databaseAdminUrl: withLogin });
  });

  it('migrates at start only when told to', () => {
    expect(onServer({ DATABASE_URL: SERVER }).migrateOnStart).toBe(false);
    expect(onServer({ DATABASE_ADMIN_URL: withLogin }).migrateOnStart).toBe(false);
    expect(onServer({ DATABASE_URL: SERVER, MIGRATE_ON_START: 'true' }).migrateOnStart).toBe(true);
  });

  it('takes a whole URL for a single role, by the name of the role in capitals', () => {
    const { roleUrls } = onServer({ DATABASE_URL: SERVER, NAGAYA_URL_CODING_RULE2: withLogin });
    expect(roleUrls).toEqual(new Map([['coding_rule2', withLogin]]));
  });
});

it('says so where .env is there and is no file that can be read', () => {
  const [before, folder] = [process.cwd(), mkdtempSync(join(tmpdir(), 'nagaya-env-'))];
  mkdirSync(join(folder, '.env'));
  try {
    process.chdir(folder);
    expect(() => loadConfiguration(() => ROLES)).toThrow(ConfigurationError);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
});
