import { options, type FieldCode } from '../field-code.js';
import type { ProductPlan } from '../product-plan.js';

export function dtoFile({ one, many, oneFile }: ProductPlan, fields: readonly FieldCode[]): string {
  const choices = fields.filter((field) => field.wordsConstant !== undefined);
  const decorators = [...new Set(fields.map((field) => field.decorator))].sort();
  const ofEntity = choices.flatMap(({ wordsConstant, type }) => [wordsConstant, `type ${type}`]);
  return `import { ${decorators.join(', ')} } from '../../../http/fields.js';
import { TimeRangeQuery } from '../../../http/paging.js';
${ofEntity.length > 0 ? `import { ${ofEntity.join(', ')} } from './${oneFile}.entity.js';\n` : ''}
export class Create${one} {
${fields.map(sent).join('\n')}}

export class List${many} extends TimeRangeQuery {${choices.length > 0 ? `\n${choices.map(filter).join('\n')}` : ''}}
`;
}

function sent({ spec, decorator, description, example, rules, type }: FieldCode): string {
  const taken = options(`description: '${description}'`, `example: ${example}`, rules, spec.optional && 'optional: true, nullable: true');
  return `  @${decorator}(${taken})
  ${spec.property}${spec.optional ? '?' : '!'}: ${type}${spec.optional ? ' | null' : ''};
`;
}

function filter({ spec, example, rules, type }: FieldCode): string {
  return `  @OneOfField(${options(`description: 'Only those with this one.'`, `example: ${example}`, rules, 'optional: true')})
  ${spec.property}?: ${type};
`;
}
