import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupHouse } from '../src/backup/backup-house.js';
import type { BackupManifest } from '../src/backup/archive/manifest.js';
import { connectionEnvironment } from '../src/backup/client/connection-environment.js';
import { findPrograms } from '../src/backup/client/programs.js';
import { outputOf } from '../src/backup/client/run-program.js';
import { createBackup } from '../src/backup/dump/create-backup.js';
import { compressionOf } from '../src/backup/dump/dump-schema.js';
import { restoreSchema } from '../src/backup/restore/restore-schema.js';
import { FolderStore } from '../src/backup/store/folder-store.js';
import { newId } from '../src/database/new-id.js';
import { VERSION } from '../src/version.js';
import type { BackupFormat } from '../src/monitoring/backups/backup.entity.js';
import type { Bed, BenchHouse } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { fleetOf } from './fleet/fleet.js';

const SCHEMA = 'coding_rule2';
const JOBS = 2;
const NEVER = new AbortController().signal;

/** Nagaya's backups and restores beside plain pg_dump and pg_restore of the same schema, as the same login, in the same format. */
export const benchmark: Benchmark = {
  name: 'backup',
  title: 'Backups and restores, beside pg_dump and pg_restore',
  parts: ['texts', 'many texts', 'vectors', 'products'],
  async run(bed) {
    const folder = await mkdtemp(join(tmpdir(), 'nagaya-bench-'));
    bed.defer(() => rm(folder, { recursive: true, force: true }));
    const figures = ['texts', 'many texts', 'vectors'].some((part) => bed.wants(part)) ? await besidePlain(bed, folder) : [];
    return bed.wants('products') ? [...figures, ...(await manyProducts(bed, folder))] : figures;
  },
};

async function besidePlain(bed: Bed, folder: string): Promise<Figure[]> {
  const house = await bed.freshHouse();
  const rounds = bed.quick ? 1 : 4;
  const work = await benchOf(bed, house, folder, rounds);
  bed.note(`Best of ${rounds} rounds, in turns. Compared times hold all that Nagaya adds: row counts and checksums of every table, SHA-256 of every file, the manifest, on the disk before it counts; and when restoring the reading and comparing of all that again.`);
  const figures: Figure[] = [];
  await bed.asSuperuser(texts(bed.quick ? 2_000 : 200_000), house.adminUrl);
  if (bed.wants('texts')) figures.push(...(await work.compared('texts')));
  if (bed.wants('vectors')) {
    await bed.asSuperuser(vectors(bed.quick ? 100 : 4_000), house.adminUrl);
    figures.push(...(await work.compared('texts and vectors with their index')));
  }
  if (!bed.wants('many texts')) return figures;
  // What each backup costs whatever its size weighs less here.
  await bed.asSuperuser(`TRUNCATE coding_rule2.conversation_context CASCADE; ${texts(bed.quick ? 2_000 : 800_000)}`, house.adminUrl);
  return [...figures, ...(await work.compared('many texts'))];
}

interface Work {
  compared(what: string): Promise<Figure[]>;
}

async function benchOf(bed: Bed, house: BenchHouse, folder: string, rounds: number): Promise<Work> {
  const programs = await findPrograms(17);
  const at = (url: string): Record<string, string> => connectionEnvironment(url, 'bench');
  const size = async (): Promise<number> => {
    const [row] = await house.databases.product(SCHEMA).query<{ bytes: string }>(`SELECT sum(pg_table_size(c.oid))::bigint AS bytes FROM pg_class c WHERE relnamespace = $1::regnamespace AND relkind = 'r'`, [SCHEMA]);
    return Number(row?.bytes ?? 0) / 1e6;
  };

  /** @param compression undefined: pg_dump's own, as it is mostly called */
  async function plainDump(format: BackupFormat, to: string, compression: string | undefined): Promise<number> {
    await rm(to, { recursive: true, force: true });
    return seconds(() => outputOf(programs.pgDump, plainDumpArguments(format, to, compression), { environment: at(house.cluster.urlOf(house.cluster.roles.backup)), signal: NEVER }));
  }

  async function ownDump(format: BackupFormat): Promise<{ took: number; manifest: BackupManifest; backups: BackupHouse }> {
    const backups = backupHouse(house, join(folder, 'backups'), format === 'directory' ? JOBS : 1);
    const began = performance.now();
    const { manifest } = await createBackup(backups, { backup: { id: newId(), schema: SCHEMA, format }, signal: NEVER });
    return { took: (performance.now() - began) / 1_000, manifest, backups };
  }

  async function plainRestore(from: string): Promise<number> {
    const url = await bed.freshDatabase();
    await bed.asSuperuser('CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions', url);
    return seconds(() => outputOf(programs.pgRestore, ['--single-transaction', '--no-owner', '--no-acl', `--dbname=${decodeURIComponent(new URL(url).pathname.slice(1))}`, from], { environment: at(url), signal: NEVER }));
  }

  async function ownRestore(backups: BackupHouse, manifest: BackupManifest): Promise<number> {
    const url = await bed.freshDatabase();
    await bed.asSuperuser('CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC', url);
    const into = decodeURIComponent(new URL(url).pathname.slice(1));
    return seconds(() => restoreSchema(backups, { manifest, schema: SCHEMA, into, requestedBy: 'bench', roleConnectionLimit: house.configuration.roleConnectionLimit, signal: NEVER }));
  }

  async function compared(what: string): Promise<Figure[]> {
    const figures: Figure[] = [];
    const megabytes = await size();
    for (const format of ['custom', 'directory'] as const) {
      const plainPath = join(folder, `plain-${format}`);
      const times = { usual: [] as number[], plain: [] as number[], own: [] as number[], plainBack: [] as number[], ownBack: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        if (round < 2) times.usual.push(await plainDump(format, plainPath, undefined));
        times.plain.push(await plainDump(format, plainPath, compressionOf(programs, format)));
        const { took, manifest, backups } = await ownDump(format);
        times.own.push(took);
        // Restores differ by format in nothing that is measured here.
        if (format === 'custom' && round < 2) {
          times.plainBack.push(await plainRestore(plainPath));
          times.ownBack.push(await ownRestore(backups, manifest));
        }
        await backups.store.remove(manifest.name);
      }
      if (format === 'custom') bed.note(`${what}: tables of ${megabytes.toFixed(0)} MB, an archive of ${((await stat(plainPath)).size / 1e6).toFixed(0)} MB (${compressionOf(programs, format)}).`);
      const jobs = format === 'directory' ? `, ${JOBS} jobs` : '';
      const usual = megabytes / Math.min(...times.usual);
      figures.push({ what: `${what}, backup, ${format}${jobs}: plain, compressed as it does by itself`, value: usual, unit: 'MB/s' });
      figures.push(...beside(`${what}, backup, ${format}${jobs}`, megabytes, times.plain, times.own));
      if (times.ownBack.length > 0) figures.push(...beside(`${what}, restore`, megabytes, times.plainBack, times.ownBack));
    }
    return figures;
  }

  return { compared };
}

function plainDumpArguments(format: BackupFormat, to: string, compression: string | undefined): string[] {
  return [`--format=${format}`, ...(compression === undefined ? [] : [`--compress=${compression}`]), `--schema="${SCHEMA}"`, `--file=${to}`, ...(format === 'directory' ? [`--jobs=${JOBS}`] : [])];
}

/** Throughputs, the share of the plain one's held against what is to be reached. */
function beside(what: string, megabytes: number, plain: readonly number[], own: readonly number[]): Figure[] {
  const [before, after] = [megabytes / Math.min(...plain), megabytes / Math.min(...own)];
  return [
    { what: `${what}: plain`, value: before, unit: 'MB/s' },
    { what: `${what}: nagaya`, value: after, unit: 'MB/s', ratio: after / before, target: { atLeast: 0.9 } },
  ];
}

function backupHouse({ cluster, house, databases, configuration }: BenchHouse, to: string, jobs: number): BackupHouse {
  return { cluster, house, control: databases.control, settings: { ...configuration.backup, jobs }, store: new FolderStore(to), version: VERSION };
}

/** Rows as a product writes them: words, and what is hardly to be compressed. */
function texts(rows: number): string {
  return `INSERT INTO coding_rule2.constitutional_violations (violation_type, violation_description, original_response, corrected_response, severity_level)
          SELECT 'type ' || i % 50, 'the answer named a person, case ' || i, repeat('it said so and so, as it should not have ', 3) || md5(i::text) || md5(i::text || 'x'), 'corrected: ' || md5((i * 7)::text), 'high'
            FROM generate_series(1, ${rows}) i`;
}

function vectors(rows: number): string {
  return `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data, vector_embedding)
          SELECT 'session ' || i % 100, 'question ' || i, 'answer ' || md5(i::text), '{"turn": 1}', (SELECT array_agg(sin(i * d)) FROM generate_series(1, 1536) d)::extensions.vector
            FROM generate_series(1, ${rows}) i`;
}

/** Many products, each backed up by itself: memory must not grow with what is done already. */
async function manyProducts(bed: Bed, folder: string): Promise<Figure[]> {
  const count = bed.quick ? 20 : 200;
  const { products, dropRoles } = fleetOf(count);
  bed.defer(() => dropRoles(bed));
  const house = await bed.freshHouse(products);
  const backups = backupHouse(house, join(folder, 'fleet'), 1);
  const programs = await findPrograms(17);
  const peaks: number[] = [];
  const own = await seconds(async () => {
    for (const { id } of products) {
      await createBackup(backups, { backup: { id: newId(), schema: id, format: 'custom' }, signal: NEVER });
      peaks.push(process.memoryUsage().rss);
    }
  });
  const plain = await seconds(async () => {
    for (const { id } of products) {
      const args = ['--format=custom', `--compress=${compressionOf(programs, 'custom')}`, `--schema="${id}"`, `--file=${join(folder, 'one')}`];
      await outputOf(programs.pgDump, args, { environment: connectionEnvironment(house.cluster.urlOf(house.cluster.roles.backup), 'bench'), signal: NEVER });
    }
  });
  const fifth = Math.floor(peaks.length / 5);
  const growth = Math.max(...peaks.slice(-fifth)) / Math.max(...peaks.slice(fifth, 2 * fifth));
  bed.note(`${count} products, next to empty: what is measured is what each costs by itself, and that memory stays as it is (${Math.round(Math.max(...peaks) / 1e6)} MB at most).`);
  return [
    { what: `${count} products, one after the other: plain pg_dump`, value: plain, unit: 's' },
    { what: `${count} products, one after the other: nagaya`, value: own, unit: 's', ratio: own / plain },
    { what: 'memory: peak of the last fifth beside that of the second', value: growth, unit: 'ratio', target: { atMost: 1.25 } },
  ];
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
