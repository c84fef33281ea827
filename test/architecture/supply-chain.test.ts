import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Bill {
  serialNumber: string;
  components: { name: string; version: string; purl: string; 'bom-ref': string; hashes?: { content: string }[]; licenses?: unknown[] }[];
}

let folder: string;
let text: string;
let bill: Bill;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-bill-'));
  const file = join(folder, 'sbom.cdx.json');
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/supply-chain.mjs'), '--sbom', file], { cwd: ROOT });
  text = await readFile(file, 'utf8');
  bill = JSON.parse(text) as Bill;
});
afterAll(() => rm(folder, { recursive: true }));

/** CycloneDX's own schema, in its strict form, with those it refers to. @returns null where the text is valid */
const faults = (json: string): Promise<unknown> => new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(json);

describe('the bill of materials', () => {
  it('is CycloneDX 1.6, by the schema that CycloneDX publishes', async () => {
    expect(await faults(text)).toBeNull();
  });

  it.each<[string, (bill: Bill) => void]>([
    ['a serial number that is no UUID', (broken) => (broken.serialNumber = 'urn:uuid:1')],
    ['a component without a name', (broken) => Reflect.deleteProperty(broken.components[0]!, 'name')],
    ['a checksum that is none', (broken) => (broken.components[0]!.hashes = [{ content: 'x' }])],
    ['a licence that SPDX does not know', (broken) => (broken.components[0]!.licenses = [{ license: { id: 'None-1.0' } }])],
    ['a field that CycloneDX does not have', (broken) => Object.assign(broken, { weight: 1 })],
  ])('would not be with %s', async (_what, breakIt) => {
    const broken = JSON.parse(text) as Bill;
    breakIt(broken);
    expect(await faults(JSON.stringify(broken))).not.toBeNull();
  });

  it('names each package of the lock once, with its version', async () => {
    const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, { name?: string; version?: string; link?: boolean }> };
    const locked = Object.entries(packages)
      .filter(([path, { link }]) => path.includes('node_modules/') && !link)
      .map(([path, { name, version }]) => `${name ?? path.replace(/^.*node_modules\//, '')}@${version}`);
    expect(bill.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...new Set(locked)].sort());
    expect(new Set(bill.components.map((component) => component['bom-ref'])).size).toBe(bill.components.length);
  });
});

describe('what the benchmark measures beside', () => {
  const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(ROOT, path), 'utf8')) as T;

  it('is locked like the rest: exact versions, checksums, no registry', async () => {
    const { dependencies } = await read<{ dependencies: Record<string, string> }>('bench/peers/package.json');
    const { packages } = await read<{ packages: Record<string, { version?: string; resolved?: string; integrity?: string }> }>('bench/peers/package-lock.json');
    const locked = Object.entries(packages).filter(([path]) => path !== '');
    expect(locked.filter(([, { integrity, resolved }]) => integrity === undefined || resolved !== undefined)).toEqual([]);
    expect(Object.keys(dependencies).map((name) => packages[`node_modules/${name}`]?.version)).toEqual(Object.values(dependencies));
  });

  it('is no part of the product', async () => {
    const { dependencies, devDependencies } = await read<Record<'dependencies' | 'devDependencies', Record<string, string>>>('package.json');
    for (const name of ['mem0ai', '@langchain/core', '@langchain/langgraph-checkpoint-postgres']) {
      expect({ ...dependencies, ...devDependencies }).not.toHaveProperty([name]);
      expect(bill.components.map((component) => component.name)).not.toContain(name);
    }
  });
});
