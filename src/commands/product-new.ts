import type { Command } from 'commander';
import { writeProduct } from '../new-product/write-product.js';
import { print, printJson } from './output.js';

interface NewFlags {
  title?: string;
  table?: string;
  field?: string[];
  maxBytes?: string;
  maxRows?: string;
  keepDays?: string;
  alert?: string[];
  json?: true;
}

export function registerProductNew(product: Command): void {
  product
    .command('new <id>')
    .description('write a new product into this checkout: folder, migration, test, and its line in the list')
    .option('--title <title>', 'what people call it; default: from its id')
    .option('--table <table>', 'its table, in the plural; default: notes')
    .option('--field <field...>', 'a field, name:kind[:argument][:optional], of text[:length], integer, number, boolean, instant, json, uuid, one_of:word,word')
    .option('--max-bytes <bytes>', 'how many bytes its tables may take; default: as many as they like')
    .option('--max-rows <rows>', 'how many rows they may hold')
    .option('--keep-days <days>', 'after how many days its rows are deleted; default: never')
    .option('--alert <rule=threshold...>', 'another threshold of an alert rule, as record-count-low=5000')
    .option('--json', 'print JSON')
    .action(runNew);
}

/** npm and the installed command both start where the user stands: the checkout. */
function runNew(id: string, flags: NewFlags): void {
  const { plan, files } = writeProduct(process.cwd(), {
    id,
    ...(flags.title !== undefined && { title: flags.title }),
    ...(flags.table !== undefined && { table: flags.table }),
    ...(flags.field !== undefined && { fields: flags.field }),
    ...(flags.maxBytes !== undefined && { maxBytes: flags.maxBytes }),
    ...(flags.maxRows !== undefined && { maxRows: flags.maxRows }),
    ...(flags.keepDays !== undefined && { keepDays: flags.keepDays }),
    ...(flags.alert !== undefined && { alerts: flags.alert }),
  });
  if (flags.json) return printJson({ id, title: plan.title, table: plan.table, path: `/v1/products/${id}/${plan.route}`, files });
  print(`${plan.title} is written:`);
  for (const file of files) print(`  ${file}`);
  print();
  print('Read it, change what is yours, then:');
  print(`  npm run migrations:fingerprint -- ${id}    # what its migration makes, so that drift can be told`);
  print('  npm run nagaya -- migrate');
  print(`  npm run nagaya -- key create --product ${id}`);
  print(`  npm start    # serves /v1/products/${id}/${plan.route}`);
}
