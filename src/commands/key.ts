import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { ApiKeysService, type NewApiKey } from '../auth/api-keys.service.js';
import type { ApiKey } from '../auth/api-key.entity.js';
import { AuditLog } from '../auth/audit-log.js';
import type { Databases } from '../database/databases.js';
import { commandContext, orMissing, withDatabases } from './context.js';
import { print, printJson, printTable } from './output.js';
import { UsageError } from './usage-error.js';

interface CreateFlags {
  operator?: true;
  product?: string;
  name?: string;
  expires?: string;
  readOnly?: true;
  json?: true;
}

const PAGE = 100;
const MAX_OVERLAP_MS = 30 * 86_400_000;

export function defineKey(key: Command): void {
  key
    .command('create')
    .description('make a key and print it, this once')
    .option('--operator', 'one that opens everything')
    .option('--product <id>', 'one that opens this product')
    .option('--name <name>', 'what people call it')
    .option('--expires <time>', 'when it stops working: RFC 3339, or a length of time such as 90d, 12h, 30m')
    .option('--read-only', 'one that may only read')
    .option('--json', 'print JSON')
    .action(runCreate);
  key
    .command('rotate <id>')
    .description('make a key in place of one, which works on for a while, and print the new one, this once')
    .option('--overlap <time>', 'how long the old one works on, such as 24h; 0m ends it at once', '24h')
    .option('--json', 'print JSON')
    .action(runRotate);
  key.command('list').description('list keys').option('--product <id>', 'only those of this product').option('--json', 'print JSON').action(runList);
  key.command('revoke <id>').description('stop a key from working, within 5 seconds everywhere').option('--json', 'print JSON').action(runRevoke);
}

async function runCreate(flags: CreateFlags): Promise<void> {
  if ((flags.operator === true) === (flags.product !== undefined)) throw new UsageError('Give either --operator or --product <id>.');
  const wanted: NewApiKey = {
    name: flags.name ?? (flags.product === undefined ? 'operator' : `key of ${flags.product}`),
    productId: flags.product ?? null,
    ...(flags.readOnly && { permissions: ['read'] }),
    ...(flags.expires !== undefined && { expiresAt: readExpiry(flags.expires) }),
  };
  if (wanted.name.length === 0 || wanted.name.length > 100) throw new UsageError('--name takes 1 to 100 characters.');
  const context = commandContext();
  const known = context.house.products.map(({ id }) => id);
  if (flags.product !== undefined && !known.includes(flags.product)) throw new UsageError(`There is no product ${flags.product}; there are ${known.join(', ')}.`);
  await withDatabases(context, async (databases) => {
    await audit(databases, 'key create', `${wanted.productId ?? 'operator'}: ${wanted.name}`);
    const created = await new ApiKeysService(databases).create(wanted);
    const { id, key, productId, permissions, expiresAt } = created;
    if (flags.json) return printJson({ id, key, productId, permissions, expiresAt });
    print(key);
  });
}

async function runList(flags: { product?: string; json?: true }): Promise<void> {
  await withDatabases(commandContext(), async (databases) => {
    const keys = await allKeys(new ApiKeysService(databases), flags.product);
    if (flags.json) return printJson({ items: keys });
    if (keys.length === 0) return print('There are no keys. Make one with: nagaya key create --operator');
    printTable(
      ['id', 'opens', 'name', 'prefix', 'permissions', 'expires', 'last used', 'state'],
      keys.map((key) => [
        key.id,
        key.productId ?? 'everything',
        key.name,
        `${key.prefix}…`,
        key.permissions.join(', '),
        key.expiresAt?.toISOString() ?? 'never',
        key.lastUsedAt?.toISOString() ?? 'never',
        stateOf(key),
      ]),
    );
  });
}

async function runRotate(id: string, { overlap, json }: { overlap: string; json?: true }): Promise<void> {
  refuseUnlessId(id);
  const span = readSpan(overlap);
  if (span === undefined || span > MAX_OVERLAP_MS) throw new UsageError(`--overlap takes a length of time such as 24h, 30m or 7d, at most 30d; "${overlap}" is none.`);
  await withDatabases(commandContext(), async (databases) => {
    await audit(databases, 'key rotate', id);
    const { id: newId, key, productId, permissions, expiresAt } = await orMissing(new ApiKeysService(databases).rotate(id, span / 1_000), 'There is no such key: nagaya key list');
    if (json) return printJson({ id: newId, key, productId, permissions, expiresAt });
    print(key);
  });
}

function refuseUnlessId(id: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new UsageError('A key is named by its id, as "nagaya key list" shows it.');
}

async function runRevoke(id: string, { json }: { json?: true }): Promise<void> {
  refuseUnlessId(id);
  await withDatabases(commandContext(), async (databases) => {
    await audit(databases, 'key revoke', id);
    await orMissing(new ApiKeysService(databases).revoke(id), 'There is no such key: nagaya key list');
    if (json) return printJson({ id, revoked: true });
    print('Revoked.');
  });
}

async function allKeys(service: ApiKeysService, productId: string | undefined): Promise<ApiKey[]> {
  const keys: ApiKey[] = [];
  for (let after: readonly [string, string] | null | undefined; after !== null; ) {
    const slice = await service.list(productId === undefined ? {} : { productId }, PAGE, after);
    keys.push(...slice.items);
    after = slice.next;
  }
  return keys;
}

function stateOf(key: ApiKey): string {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt !== null && key.expiresAt.getTime() <= Date.now() ? 'expired' : 'works';
}

/** Milliseconds; undefined for what is no length of time. */
function readSpan(text: string): number | undefined {
  const [, count, letter = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? [];
  const unit = { d: 86_400_000, h: 3_600_000, m: 60_000 }[letter];
  return unit === undefined ? undefined : Number(count) * unit;
}

function readExpiry(text: string): Date {
  const span = readSpan(text);
  const time = span !== undefined ? Date.now() + span : /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageError(`--expires takes a time such as 2027-01-01T00:00:00Z or a length of time such as 90d; "${text}" is neither.`);
  return new Date(time);
}

/** Who works on the command line is known to the operating system only. */
export async function audit(databases: Databases, action: string, target: string): Promise<void> {
  await new AuditLog(databases).append({ actor: cliActor(), action, target });
}

/** As the audit log and the records of backups name whoever works on the command line. */
export function cliActor(): string {
  return `cli:${userInfo().username}`;
}
