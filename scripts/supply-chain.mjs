// What comes in from others: looks at every package of package-lock.json, and writes it down.
//
//   node scripts/supply-chain.mjs              fails on a version that is not exact, an install script that
//                                              docs/supply-chain.md does not justify, or a licence that is not allowed
//   node scripts/supply-chain.mjs --sbom FILE  also writes a software bill of materials (CycloneDX 1.6)
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const ROOT = new URL('../', import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), 'utf8');

/** Permissive: they ask for no more than that the notice stays. */
const ALLOWED = new Set([
  '0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC-BY-4.0', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0', 'PostgreSQL', 'Python-2.0', 'Unlicense', 'WTFPL', 'Zlib',
]);
/** Their package.json says nothing; their readme does, and was read. */
const IN_README = new Map([
  ['humanize-number@0.0.2', 'MIT'],
  ['only@0.0.2', 'MIT'],
]);
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

const { values } = parseArgs({ options: { sbom: { type: 'string' } } });
const lock = JSON.parse(read('package-lock.json'));
const own = JSON.parse(read('package.json'));

/** Every package of the lock: where it lies, its name, and what the lock and, where it is installed, the package say of it. */
const packages = Object.entries(lock.packages)
  // The rest is this project and its own parts.
  .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
  .map(([path, entry]) => ({ path, name: entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), ...entry, license: licenceOf(path, entry) }));

function licenceOf(path, entry) {
  const file = new URL(`${path}/package.json`, ROOT);
  const installed = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const said = installed.license ?? installed.licenses?.[0] ?? entry.license ?? IN_README.get(`${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${entry.version}`);
  return typeof said === 'object' ? said.type : said;
}

/** `(MIT OR GPL-3.0)` is allowed for its first half; `MIT AND ISC` only for both. */
function isAllowed(expression) {
  const bare = expression?.trim().replace(/^\((.*)\)$/, '$1');
  if (!bare) return false;
  if (bare.includes(' OR ')) return bare.split(' OR ').some(isAllowed);
  if (bare.includes(' AND ')) return bare.split(' AND ').every(isAllowed);
  return ALLOWED.has(bare);
}

const justified = new Set([...read('docs/supply-chain.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name));
const withScripts = new Set(packages.filter((each) => each.hasInstallScript).map((each) => each.name));
const problems = [
  ...packages.filter(({ version }) => !EXACT.test(version ?? '')).map(({ path }) => `${path} has no exact version`),
  // Platform packages that this machine's registry does not offer stand in the lock without a checksum; npm takes theirs where it installs them.
  ...packages.filter(({ integrity, optional }) => !integrity && !optional).map(({ path }) => `${path} has no checksum`),
  ...[...withScripts].filter((name) => !justified.has(name)).map((name) => `${name} runs a script when it is installed: justify it in docs/supply-chain.md, and in package.json say under allowScripts whether it may`),
  ...[...withScripts].filter((name) => !(name in (own.allowScripts ?? {}))).map((name) => `${name} runs a script when it is installed and package.json does not say whether it may (allowScripts)`),
  ...[...justified].filter((name) => !withScripts.has(name)).map((name) => `docs/supply-chain.md justifies ${name}, which runs no script`),
  ...packages.filter(({ license, path }) => !isAllowed(license) && !(license === undefined && !existsSync(new URL(path, ROOT)))).map(({ name, license }) => `${name} has the licence ${license ?? '(none)'}, which is not one of those allowed`),
];

if (values.sbom) writeFileSync(values.sbom, `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
if (problems.length > 0) {
  console.error(problems.map((problem) => `- ${problem}`).join('\n'));
  process.exit(1);
}
console.log(`${packages.length} packages, ${withScripts.size} of them with an install script, all licences allowed${values.sbom ? `; bill of materials in ${values.sbom}` : ''}`);

/** https://cyclonedx.org/docs/1.6/json/ */
function billOfMaterials() {
  const unique = new Map(packages.map((each) => [purl(each), each]));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    // The same lock gives the same number: two builds of one commit can be compared byte by byte.
    serialNumber: `urn:uuid:${uuidOf(read('package-lock.json'))}`,
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': `pkg:npm/${own.name}@${own.version}`, name: own.name, version: own.version, licenses: [{ license: { id: own.license } }] } },
    components: [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([ref, { name, version, license, integrity, dev, optional }]) => ({
      type: 'library',
      'bom-ref': ref,
      name,
      version,
      purl: ref,
      scope: dev ? 'excluded' : optional ? 'optional' : 'required',
      ...(license && { licenses: [{ expression: license }] }),
      ...(integrity?.startsWith('sha512-') && { hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }] }),
    })),
  };
}

function purl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
