// See jest-global-setup.mjs. Both files are loaded apart: what the set-up leaves for the teardown goes on globalThis.
import { tsImport } from 'tsx/esm/api';

export default async function globalTeardown(...args) {
  const { default: run } = await tsImport('../test/support/global-teardown.ts', import.meta.url);
  await run(...args);
}
