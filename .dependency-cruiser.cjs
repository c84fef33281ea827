// Which folder may import which, one way only:
//
//   config, errors ← http, database ← auth ← metrics ← jobs, embeddings ← idempotency, alerts, retention ← core, monitoring ← products, health, drift, isolation ← demo, life-cycle, new-product, commands, src/*.ts
//
// Folders side by side in a row don't know each other, but for the few that the rules name.

/** A folder's own files and those of the folders named; everything else in src is refused. */
const onlyImports = (folder, others, comment) => ({
  name: `${folder}-imports-only-what-it-stands-on`,
  comment,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...others].join('|')})/` },
});

const FOUNDATION = ['config', 'errors'];
const PLUMBING = [...FOUNDATION, 'http', 'database'];
const SERVICES = [...PLUMBING, 'auth', 'metrics', 'jobs', 'idempotency', 'alerts'];

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment:
        'Modules in a circle see each other half made: with decorators that is a crash at start. Types alone are erased, so entities may name each other by `import type` and Relation<>.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere fails only when it is reached, which for a dynamic one may be in production.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    onlyImports('config', [], 'Configuration is read first, and so depends on nothing.'),
    onlyImports('errors', [], 'Everybody throws these errors; what they depended on could not throw them.'),
    onlyImports('http', ['errors'], 'The HTTP layer turns errors into answers and bytes into values; it knows no table.'),
    onlyImports('database', FOUNDATION, 'The CLI, the jobs and the tests use the database without any HTTP.'),
    onlyImports('auth', PLUMBING, 'Who may do what is decided before any feature is reached.'),
    onlyImports('metrics', [...PLUMBING, 'auth'], 'Whoever has figures hangs them here; what collected them all would have to know everybody.'),
    onlyImports('embeddings', [...PLUMBING, 'metrics'], 'It turns texts into vectors; whose texts they are is nothing to it.'),
    onlyImports('jobs', [...PLUMBING, 'metrics'], 'A feature declares its jobs; the runner knows none of them.'),
    onlyImports('idempotency', [...PLUMBING, 'auth', 'jobs'], 'Repeating an answer is the same for every feature, so it knows none.'),
    onlyImports('alerts', [...PLUMBING, 'auth', 'metrics', 'jobs'], 'Whoever knows a matter hands in its rules, so the evaluation knows no matter; everybody may raise an alert.'),
    onlyImports('core', SERVICES, 'A shared schema serves every product, so it knows none; core and monitoring are independent of each other.'),
    onlyImports('monitoring', SERVICES, 'A shared schema serves every product, so it knows none; core and monitoring are independent of each other.'),
    onlyImports('mcp', PLUMBING, 'How assistants call is the same for every product; which tools there are, each product says.'),
    onlyImports('products', [...SERVICES, 'embeddings', 'mcp', 'core', 'monitoring', 'retention'], 'A product stands on the shared schemas; health and commands look at it from outside.'),
    onlyImports('retention', [...PLUMBING, 'metrics', 'jobs'], 'What grows old, the manifests say; how a row with an index of its own is deleted, its product hands in.'),
    onlyImports('transfer', SERVICES, 'A product is exported by its manifest and the catalogue; what its tables mean is nothing to it.'),
    onlyImports('health', [...SERVICES, 'core', 'monitoring'], 'Health learns of products from their manifests, which are handed to it.'),
    onlyImports('isolation', [...PLUMBING, 'alerts', 'jobs', 'metrics'], 'The canary goes through the pools of whatever products there are, and tells of it; it knows none of them.'),
    onlyImports('drift', [...PLUMBING, 'alerts', 'jobs', 'metrics'], 'Drift is seen in the catalogue and told of; it knows schemas from the manifests, and no feature.'),
    onlyImports('backup', [...SERVICES, 'core', 'monitoring', 'metrics', 'alerts'], 'Backups learn of schemas from the manifests, which are handed to them; they look at products from outside.'),
    onlyImports('life-cycle', [...SERVICES, 'core'], 'Ending a product takes the admin login and the shared schemas; it looks into no product.'),
    onlyImports('new-product', [...FOUNDATION, 'database'], 'The generator writes source and reads source as text; of what runs it knows the rules for names alone.'),
    onlyImports('demo', FOUNDATION, 'The demo goes through the REST API as any client does; reaching inside would prove nothing.'),
    onlyImports('tracing', ['config', 'http', 'database'], 'A trace is of requests and statements, whatever they are about.'),
    {
      name: 'open-telemetry-is-loaded-on-demand',
      comment: 'Who sends no traces should not pay for the SDK: only its own file imports it, and that one is imported when tracing is on.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tracing/open-telemetry\\.ts$' },
      to: { path: '^src/tracing/open-telemetry\\.ts$|^node_modules/@opentelemetry/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'the-aws-sdk-is-loaded-on-demand',
      comment: 'Who keeps backups in a folder, or only serves, should not pay for it: it is imported below the bucket store, and that one is imported where a bucket is named.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/backup/store/bucket/|\\.spec\\.ts$' },
      to: { path: '^src/backup/store/bucket/|^node_modules/@aws-sdk/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'commands-are-the-end',
      comment: 'Commands and the files that start the process put the parts together; a part that imported them could not be used by another.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/commands/' },
      to: { path: '^src/(commands/|[^/]+\\.ts$)' },
    },
    {
      name: 'products-are-strangers',
      comment: 'A product can be taken away, or moved to another cluster, only while no other product needs it. src/products/index.ts alone lists them.',
      severity: 'error',
      from: { path: '^src/products/([^/]+)/' },
      to: { path: '^src/products/', pathNot: '^src/products/$1/' },
    },
    {
      name: 'products-are-injected',
      comment: 'The list of products is handed in, so that tests and deployments bring their own; only what starts the process reads it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(products/index\\.ts|products/[^/]+/|commands/|[^/]+\\.ts$)' },
      to: { path: '^src/products/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration must do next year what it did on the day it was written, so it uses nothing that changes with the code.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { pathNot: '^node_modules/typeorm/' },
    },
    {
      name: 'no-tests-in-src',
      comment: 'What serves must run where tests and their support are not installed.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/|\\.spec\\.ts$' },
    },
    {
      name: 'no-dev-dependencies-in-src',
      comment: '`npm ci --omit=dev` must leave all that serving and the commands need.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '/node_modules/@types/' },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that is there only because another brought it disappears with the other one\'s next version.',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: '^node_modules/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type imports count too: knowing a type is knowing.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
