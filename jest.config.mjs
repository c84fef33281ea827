// One project a suite; scripts/jest.mjs chooses which of them run, and on which database engine.

/** The same settings as tsconfig.json: without them DTOs carry undefined keys and Nest has no types to inject by. */
const swc = {
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
};

const typescriptAsEsm = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', swc] },
  // nodenext imports name the .js file to be; the test runs the .ts file. Packages' own .js files come first in this list.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
};

const beside = (folder) => ({ ...typescriptAsEsm, roots: [`<rootDir>/${folder}`], testMatch: ['**/*.spec.ts'] });

const inTestFolder = (displayName) => ({
  ...typescriptAsEsm,
  displayName,
  roots: ['<rootDir>/test'],
  testMatch: [`<rootDir>/test/${displayName}/**/*.{test,spec}.ts`],
});

const onDatabase = (displayName) => ({
  ...inTestFolder(displayName),
  globalSetup: '<rootDir>/scripts/jest-global-setup.mjs',
  globalTeardown: '<rootDir>/scripts/jest-global-teardown.mjs',
});

export default {
  projects: [
    { displayName: 'unit', ...beside('src') },
    inTestFolder('architecture'),
    ...['integration', 'e2e', 'embedded', 'postgres', 'security', 'pooler'].map(onDatabase),
  ],
  maxWorkers: 2,
  // ESM modules are never unloaded: the heap grows some 40 MB a file that starts Nest. Above this a worker is started anew.
  workerIdleMemoryLimit: '1GB',
  // The embedded engine opens an empty folder in up to 12 s, on a busy machine longer.
  testTimeout: 60_000,
};
