// Jest loads a global set-up by itself, without the resolver that finds x.ts for an import of x.js: tsx stands in for it.
import { tsImport } from 'tsx/esm/api';

export default async function globalSetup(...args) {
  const { default: run } = await tsImport('../test/support/global-setup.ts', import.meta.url);
  await run(...args);
}
