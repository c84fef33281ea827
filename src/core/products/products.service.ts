import { Inject, Injectable, Logger } from '@nestjs/common';
import { ProductStatuses, type ProductStatus } from '../../auth/product-status.js';
import type { Cluster } from '../../database/cluster.js';
import { CLUSTER, HOUSE } from '../../database/database.module.js';
import { Databases } from '../../database/databases.js';
import type { House } from '../../database/migrator.js';
import { SchemaReadiness } from '../../database/migrations/schema-readiness.js';
import { notFound } from '../../errors/app-error.js';
import { readConditions, type ProductConditions } from './product-conditions.js';
import type { ProductState } from './product.dto.js';
import type { Product } from './product.entity.js';
import { PRODUCT_COLUMNS, setProductStatus } from './set-product-status.js';

/** The products of the cluster: their state, and taking them out of service and back. */
@Injectable()
export class ProductsService {
  private readonly logger = new Logger(ProductsService.name);

  constructor(
    private readonly databases: Databases,
    private readonly statuses: ProductStatuses,
    private readonly readiness: SchemaReadiness,
    @Inject(HOUSE) private readonly house: House,
    @Inject(CLUSTER) private readonly cluster: Cluster,
  ) {}

  /** Sorted by id. `after` is the id of the last product of the page before. */
  async list(limit: number, after: string | undefined): Promise<{ items: ProductState[]; next: string | null }> {
    const rows = await this.databases.control.query<Product>(
      `SELECT ${PRODUCT_COLUMNS} FROM core.products WHERE $1::varchar IS NULL OR id > $1::varchar ORDER BY id LIMIT $2`,
      [after ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const items: ProductState[] = [];
    const conditions = await readConditions(this.databases.control, page.map((product) => product.id));
    for (const product of page) items.push(await this.withState(product, conditions.get(product.id)));
    return { items, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<ProductState> {
    const [row] = await this.databases.control.query<Product>(`SELECT ${PRODUCT_COLUMNS} FROM core.products WHERE id = $1`, [id]);
    if (row === undefined) throw notFound();
    return this.withState(row, (await readConditions(this.databases.control, [id])).get(id));
  }

  /** Its requests answer 403 from now on, on other replicas within two seconds. @throws AppError `not_found` */
  suspend(id: string): Promise<Product> {
    return this.setStatus(id, 'suspended');
  }

  /** @throws AppError `not_found` */
  resume(id: string): Promise<Product> {
    return this.setStatus(id, 'active');
  }

  private async setStatus(id: string, status: ProductStatus): Promise<Product> {
    const product = await setProductStatus(this.databases.control, id, status);
    this.statuses.forget();
    return product;
  }

  private async withState(product: Product, conditions: ProductConditions = { health: null, alerts: [] }): Promise<ProductState> {
    const served = this.databases.serves(product.id);
    return { ...product, ...conditions, served, engine: this.cluster.engine, migrations: served ? await this.migrationsOf(product.id) : null };
  }

  /** The history is the product's own, so it is read through the product's own login; that one may be out of order. */
  private async migrationsOf(id: string): Promise<ProductState['migrations']> {
    const manifest = this.house.products.find((candidate) => candidate.id === id);
    if (manifest === undefined) return null;
    try {
      const { current, applied, pending, ahead, ready } = await this.readiness.of(manifest);
      return { current, applied, pending, ahead, ready };
    } catch (error) {
      this.logger.warn(`The migrations of ${id} can't be read: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}
