// Makes package-lock.json good for every operating system, and keeps registry hosts out of it.
//
// A native package (SWC, oxlint, …) names one optional package per platform. npm writes into the lock only those that the
// registry it talks to can deliver; a mirror that carries Linux builds alone leaves a lock with which `npm ci` ends in EUSAGE, as
// every name in optionalDependencies must stand in the lock. This script adds the missing ones. They get no `integrity`, because
// it can't be known without the package: npm accepts that, and writes it in when it next resolves the package.
//
//   node scripts/complete-lock.mjs           mend the lock (after any `npm install`)
//   node scripts/complete-lock.mjs --check   change nothing, exit 1 where it would
import { readFileSync, writeFileSync } from 'node:fs';

const lockFile = new URL('../package-lock.json', import.meta.url);
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;
// The end of a platform package's name, as napi-rs and its kin write it: linux-x64-gnu, win32-arm64-msvc, darwin-arm64.
const PLATFORM = /(?:^|[-/])(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(arm|arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)(?:-(eabi|gnu|gnueabihf|musl|musleabihf|msvc))?$/;
const WEBASSEMBLY = /-wasm32-wasi$/;

/** Where Node would find `name` for the package installed at `from`: the nearest node_modules on the way up. */
function installedPath(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

function platformOf(name) {
  if (WEBASSEMBLY.test(name)) return { cpu: ['wasm32'] };
  const [, os, cpu, abi] = PLATFORM.exec(name) ?? [];
  if (os === undefined) return undefined;
  const libc = abi?.startsWith('gnu') ? 'glibc' : abi?.startsWith('musl') ? 'musl' : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}

/** The entry for one missing platform package, in the order of keys that npm writes. */
function platformEntry(parent, name, version) {
  const platform = platformOf(name);
  if (platform === undefined || !EXACT_VERSION.test(version)) {
    throw new Error(`${name}@${version} is missing from package-lock.json and its platform can't be told from its name and version`);
  }
  const { cpu, libc, os } = platform;
  return {
    version,
    cpu,
    ...(parent.dev ? { dev: true } : parent.devOptional ? { devOptional: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    optional: true,
    ...(os === undefined ? {} : { os }),
  };
}

/** What the lock needs: `packages` as it should be, and a line for each thing that is not so. */
function complete(original) {
  const packages = structuredClone(original);
  const defects = [];
  for (const [path, entry] of Object.entries(packages)) {
    if (/^https?:/.test(entry.resolved ?? '')) {
      defects.push(`${path} names its registry: ${entry.resolved}`);
      delete entry.resolved;
    }
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = packages[installedPath(packages, path, name)]?.version;
      if (found === version || (found !== undefined && !EXACT_VERSION.test(version))) continue;
      // At the top, unless another version of the parent has its own platform package there.
      const folder = found === undefined ? '' : `${path}/`;
      packages[`${folder}node_modules/${name}`] = platformEntry(entry, name, version);
      defects.push(`${name}@${version}, which ${path} names, is missing`);
    }
  }
  // npm sorts by path; another order would make the next `npm install` rewrite the file.
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { packages: Object.fromEntries(sorted), defects };
}

const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
const { packages, defects } = complete(lock.packages);
if (defects.length === 0) {
  console.log('package-lock.json is complete');
} else if (process.argv.includes('--check')) {
  console.error(`${defects.join('\n')}\npackage-lock.json is not complete; run: node scripts/complete-lock.mjs`);
  process.exitCode = 1;
} else {
  writeFileSync(lockFile, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  console.log(`package-lock.json: ${defects.length} entries mended`);
}
