import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Cluster } from './cluster.js';
import { Databases } from './databases.js';
import type { House } from './migrator.js';
import { SchemaReadiness } from './migrations/schema-readiness.js';

/** Injection token of the manifests that this process knows: `@Inject(HOUSE) house: House`. */
export const HOUSE = Symbol('house');
/** Injection token of the cluster: `@Inject(CLUSTER) cluster: Cluster`. */
export const CLUSTER = Symbol('cluster');

/**
 * The logins of this process. Global, as the one module is: what it provides is made before Nest starts (the list of
 * products is handed in from outside) and every module stands on it.
 */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(databases: Databases, house: House, cluster: Cluster): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: Databases, useValue: databases },
        { provide: HOUSE, useValue: house },
        { provide: CLUSTER, useValue: cluster },
        { provide: SchemaReadiness, useValue: new SchemaReadiness(databases, house) },
      ],
      exports: [Databases, HOUSE, CLUSTER, SchemaReadiness],
    };
  }
}
