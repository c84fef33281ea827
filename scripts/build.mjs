// Compiles src/, migrations/, ormconfig.ts and the typed client that src uses to dist/, and copies the JSON that lies among them.
//
//   node scripts/build.mjs             build
//   node scripts/build.mjs --if-stale  build only where dist/ does not come from these sources
//   node scripts/build.mjs --unchecked build though types may not fit: for the typed client, whose types are made from what is built.
//                                      The next --if-stale builds anew
//
// Plain tsc, not SWC: it checks types, and it emits the decorator metadata that Nest injects by.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const STAMP = '.built-from';
const SETTINGS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'ormconfig.ts', 'scripts/build.mjs'];

function sourceFiles() {
  return ['src', 'migrations', 'clients/typescript/src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|json)$/.test(entry.name) && !entry.name.endsWith('.spec.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort(),
  );
}

/** A digest of all that a build is made from. Contents, not times: a checkout or an unpacked archive changes every time. */
function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of [...SETTINGS, ...files]) {
    hash.update(`${file}\0`).update(contentOf(join(root, file)) ?? '').update('\0');
  }
  return hash.digest('hex');
}

function contentOf(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const isBuiltFrom = (digest) => contentOf(join(dist, STAMP))?.toString() === digest;

function compileInto(folder, isChecked) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...(isChecked ? ['--noEmitOnError'] : ['--noCheck']), '--outDir', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  return { done: result.status === 0, complaints: result.error?.message ?? `${result.stdout}${result.stderr}` };
}

function copyJson(files, folder) {
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const target = join(folder, file);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, file), target);
  }
}

/** Puts the finished build in place of dist/. Another process may do the same at this moment; either's build is whole. */
function swapIn(folder) {
  for (let attempt = 1; ; attempt += 1) {
    const old = `${folder}-old${attempt}`;
    try {
      renameSync(dist, old);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    try {
      renameSync(folder, dist);
      return;
    } catch (error) {
      if (attempt === 5 || !['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) throw error;
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }
}

function build(files, digest, onlyIfStale, isChecked) {
  const began = performance.now();
  // Beside dist/, so that the paths in the source maps are right and the rename stays on one file system.
  const folder = join(root, `dist-${process.pid}`);
  process.stdout.write('Building … ');
  try {
    const { done, complaints } = compileInto(folder, isChecked);
    if (!done) {
      process.stdout.write('failed\n');
      process.stderr.write(complaints);
      return false;
    }
    copyJson(files, folder);
    if (isChecked) writeFileSync(join(folder, STAMP), digest);
    // Where another process was quicker its build is the same, and may be running by now: leave it.
    if (!onlyIfStale || !isBuiltFrom(digest)) swapIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`done in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  return true;
}

// A signal waits for the compiler, which gets Ctrl-C too, so that the half-made folder is cleared away first.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const onlyIfStale = process.argv.includes('--if-stale');
const files = sourceFiles();
const digest = digestOf(files);
if (!(onlyIfStale && isBuiltFrom(digest)) && !build(files, digest, onlyIfStale, !process.argv.includes('--unchecked'))) process.exitCode = 1;
