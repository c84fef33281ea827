import { Shown } from '../../http/shown.js';
import { Product } from './product.entity.js';

export class ProductMigrations {
  @Shown({ as: 'text', nullable: true, description: 'The newest migration of its schema.', example: 'CreateCodingRule21795478400000' })
  current!: string | null;

  @Shown({ as: 'integer', description: 'How many have been applied.', example: 1 })
  applied!: number;

  @Shown({ as: 'text', list: true, description: 'What this release has and the schema lacks.', example: [] })
  pending!: readonly string[];

  @Shown({ as: 'text', list: true, description: 'What the schema has and this release does not know.', example: [] })
  ahead!: readonly string[];

  @Shown({ as: 'boolean', description: 'Whether this release serves the schema as it is.', example: true })
  ready!: boolean;
}

export class ProductState extends Product {
  @Shown({ as: 'boolean', description: 'Whether this process serves it (ACTIVE_PRODUCTS).', example: true })
  served!: boolean;

  @Shown({ as: ['embedded', 'server'], description: 'What the database is.', example: 'server' })
  engine!: 'embedded' | 'server';

  @Shown({
    as: () => ProductMigrations,
    nullable: true,
    description: "The state of its migrations; null where its login can't be used now, or where this process does not serve it.",
  })
  migrations!: ProductMigrations | null;
}
