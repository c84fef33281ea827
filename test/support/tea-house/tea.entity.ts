import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'tea_house', name: 'teas' })
export class Tea {
  @PrimaryColumn({ type: 'uuid', default: () => 'gen_random_uuid()' })
  id!: string;

  @Column({ type: 'varchar', length: 50 })
  name!: string;
}
