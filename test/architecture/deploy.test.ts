import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { validate as lintDockerfile, ValidationSeverity } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';
import { labelsOf } from '../../src/alerts/notifications/told-alert.js';
import { ConfigurationError, readConfiguration } from '../../src/config/env.js';
import { ROOT } from './markdown.js';

// There is no container engine where the tests run: what can be known without one is that the files are well formed, fit the
// published schemas, and name only what Nagaya has.

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Names that a process is given must be ones it knows: it refuses to start with any other. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  const filled = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, __, fallback: string) => fallback || 'x'.repeat(40))]));
  try {
    readConfiguration(filled, () => []);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

/** The verbs that `nagaya --help` lists. */
function verbs(): string[] {
  return readdirSync(join(ROOT, 'src/commands')).map((file) => file.replace(/\.ts$/, ''));
}

describe('Dockerfile', () => {
  const text = read('Dockerfile');

  it('is one', () => {
    expect(lintDockerfile(text, { deprecatedMaintainer: ValidationSeverity.ERROR })).toEqual([]);
  });

  it('copies what there is, and .dockerignore lets through', () => {
    const ignore = read('.dockerignore').split('\n');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]?.split(' ') ?? []);
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      expect(ignore).toContain(`!${path}`);
    }
  });

  it('ends every image as an ordinary user', () => {
    const stages = text.split(/^FROM /m).slice(2);
    expect(stages.map((stage) => [...stage.matchAll(/^USER (\w+)$/gm)].at(-1)?.[1])).toEqual(['node', 'node']);
  });

  it('starts with settings that are known', () => {
    const settings = [...text.matchAll(/^ENV (.+)$/gm)].flatMap((match) => match[1]?.split(' ') ?? []).map((pair) => pair.split('=') as [string, string]);
    expect(problemsOf(Object.fromEntries(settings))).toEqual([]);
  });
});

interface ComposeService {
  image: string;
  command?: string | string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  read_only?: boolean;
  ports?: string[];
}

describe('docker-compose.yml', () => {
  const { services, volumes } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, ComposeService>; volumes: Record<string, unknown> };
  const ours = Object.entries(services).filter(([name]) => name !== 'postgres');

  it('gives each of our processes settings that it knows', () => {
    for (const [name, { environment }] of ours) expect([name, problemsOf(environment ?? {})]).toEqual([name, []]);
  });

  it('runs verbs that there are', () => {
    const commands = ours.map(([, { command }]) => (Array.isArray(command) ? command[0] : 'start'));
    expect(verbs()).toEqual(expect.arrayContaining(commands));
  });

  it('keeps the migrator\'s login and the backup secret from what serves', () => {
    expect(Object.keys(services['nagaya']?.environment ?? {})).not.toEqual(expect.arrayContaining(['DATABASE_ADMIN_URL']));
    expect(Object.keys(services['nagaya']?.environment ?? {})).not.toEqual(expect.arrayContaining(['NAGAYA_BACKUP_SECRET']));
  });

  it('opens ports to this machine alone, and writes nowhere but where it says', () => {
    for (const [, { ports = [] }] of Object.entries(services)) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const [name, service] of ours) expect([name, service.read_only]).toEqual([name, true]);
    expect(Object.keys(volumes)).toContain('postgres');
  });

  it('waits for services that there are', () => {
    for (const [, service] of Object.entries(services)) expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})));
  });
});

interface Container {
  name: string;
  args?: string[];
  securityContext?: object;
  resources?: { requests?: object; limits?: object };
  startupProbe?: object;
  readinessProbe?: object;
  livenessProbe?: object;
}

interface PodSpec {
  containers: Container[];
  enableServiceLinks?: boolean;
  automountServiceAccountToken?: boolean;
  securityContext?: { runAsNonRoot?: boolean };
}

interface Manifest {
  file: string;
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: { template?: { spec: PodSpec } };
}

const KUBERNETES = 'deploy/kubernetes';

describe('deploy/kubernetes', () => {
  const manifests: Manifest[] = [];
  const kustomization = parse(read(`${KUBERNETES}/kustomization.yaml`)) as { resources: string[] };

  beforeAll(() => {
    for (const file of readdirSync(join(ROOT, KUBERNETES)).filter((name) => name !== 'kustomization.yaml')) {
      for (const document of parseAllDocuments(read(`${KUBERNETES}/${file}`))) {
        if (document.errors[0] !== undefined) throw document.errors[0];
        manifests.push({ ...(document.toJS() as Omit<Manifest, 'file'>), file });
      }
    }
  });

  const pods = (): PodSpec[] => manifests.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));

  it('fits the schemas of the Kubernetes API', () => {
    const require = createRequire(import.meta.url);
    for (const { file, ...manifest } of manifests) {
      const group = require(`kubernetes-models/${manifest.apiVersion}`) as Record<string, new (data: object) => { validate(): void }>;
      const Kind = group[manifest.kind];
      if (Kind === undefined) throw new Error(`${file}: there is no ${manifest.kind} in ${manifest.apiVersion}.`);
      expect(() => new Kind(manifest).validate()).not.toThrow();
    }
    expect(manifests.map((manifest) => manifest.kind)).toEqual(
      expect.arrayContaining(['Deployment', 'Job', 'Service', 'PodDisruptionBudget', 'NetworkPolicy', 'Secret', 'ConfigMap', 'ServiceAccount']),
    );
  });

  it('has a schema check that notices a wrong field', () => {
    const { Deployment } = createRequire(import.meta.url)('kubernetes-models/apps/v1') as { Deployment: new (data: object) => { validate(): void } };
    const deployment = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'nagaya');
    expect(() => new Deployment({ ...deployment, spec: { ...deployment?.spec, replicas: 'two' } }).validate()).toThrow(/replicas/);
  });

  it('lists every file but the example of secrets', () => {
    const files = [...new Set(manifests.map((manifest) => manifest.file))].filter((file) => file !== 'secret.example.yaml');
    expect(kustomization.resources.toSorted()).toEqual(files.toSorted());
  });

  it('gives settings that are known, and secrets only to who needs them', () => {
    const environment = Object.assign({}, ...manifests.map(({ data, stringData }) => ({ ...data, ...stringData }))) as Record<string, string>;
    expect(problemsOf(environment)).toEqual([]);
    expect(read(`${KUBERNETES}/nagaya.yaml`)).not.toContain('nagaya-migrator');
  });

  it('runs verbs that there are', () => {
    expect(verbs()).toEqual(expect.arrayContaining(pods().flatMap((pod) => pod.containers.map((container) => container.args?.[0]))));
  });

  it('fits the profile "restricted", and gets no variables for Services of ours', () => {
    expect(pods().length).toBeGreaterThan(2);
    for (const pod of pods()) {
      expect(pod).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
        expect(container.resources).toMatchObject({ requests: expect.anything(), limits: expect.anything() });
      }
    }
  });

  it('asks each probe for its own thing', () => {
    const serving = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'nagaya')?.spec?.template?.spec.containers[0];
    expect(serving).toMatchObject({
      startupProbe: { httpGet: { path: '/health/startup' } },
      readinessProbe: { httpGet: { path: '/health/ready' } },
      livenessProbe: { httpGet: { path: '/health/live' } },
    });
  });
});

describe('the example for Alertmanager in docs/alerts.md', () => {
  interface Route {
    receiver?: string;
    matchers?: string[];
    group_by?: string[];
    routes?: Route[];
  }
  interface Alertmanager {
    route: Route;
    receivers: { name: string; email_configs?: { to: string }[] }[];
    inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
  }
  const blocks = [...read('docs/alerts.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => parse(text ?? '') as Partial<Alertmanager>);
  const example = blocks.find((block): block is Alertmanager => block.route !== undefined && block.receivers !== undefined && block.inhibit_rules !== undefined);
  const routesIn = (route: Route): Route[] => [route, ...(route.routes ?? []).flatMap(routesIn)];

  it('routes to receivers that it has, one of them by e-mail', () => {
    const receivers = example?.receivers.map(({ name }) => name) ?? [];
    const used = example === undefined ? [] : routesIn(example.route).flatMap(({ receiver }) => receiver ?? []);
    expect(used.length).toBeGreaterThan(2);
    expect(used.filter((name) => !receivers.includes(name))).toEqual([]);
    expect(example?.receivers.some(({ email_configs: mails }) => (mails ?? []).length > 0)).toBe(true);
  });

  it('matches, groups and inhibits by labels that an alert of ours has', () => {
    const ours = Object.keys(labelsOf({ id: '', fingerprint: '', ruleId: 'r', productId: 'p', subject: 's', severity: 'warning', condition: 'breached', message: '', value: null, title: '', status: 'firing', startedAt: '', resolvedAt: null, toldBefore: 0 }));
    const routes = example === undefined ? [] : routesIn(example.route);
    const matchers = [...routes.flatMap(({ matchers: given }) => given ?? []), ...(example?.inhibit_rules ?? []).flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers])];
    const names = [...matchers.map((matcher) => /^(\w+)="[^"]+"$/.exec(matcher)?.[1] ?? matcher), ...routes.flatMap(({ group_by: by }) => by ?? [])];
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !ours.includes(name))).toEqual([]);
  });
});
