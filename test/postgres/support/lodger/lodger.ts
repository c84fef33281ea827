import { randomUUID } from 'node:crypto';
import { Module, type Type } from '@nestjs/common';
import type { ProductManifest } from '../../../../src/database/manifest.js';
import { LODGER_PREFIX } from '../../../support/postgres-server.js';
import { Gate, visitsController } from './visits.controller.js';

/** A product with a name of its own: a test may do to its role what would disturb the tests beside it, who share the others. */
export interface Lodger {
  readonly id: string;
  readonly manifest: ProductManifest;
  readonly gate: Gate;
}

const FOLDERS = { plain: './migrations/', grown: './grown-migrations/', broken: './broken-migrations/', indexed: './indexed-migrations/' } as const;

export function newLodger(kind: keyof typeof FOLDERS = 'plain', id = `${LODGER_PREFIX}${randomUUID().slice(0, 8)}`): Lodger {
  const gate = new Gate();
  return {
    id,
    gate,
    manifest: {
      kind: 'product',
      id,
      title: `Lodger ${id}`,
      tags: [],
      entities: [],
      migrations: new URL(FOLDERS[kind], import.meta.url),
      module: () => Promise.resolve(moduleOf(visitsController(id, gate))),
    },
  };
}

function moduleOf(controller: Type<unknown>): Type<unknown> {
  @Module({ controllers: [controller] })
  class LodgerModule {}
  return LodgerModule;
}
