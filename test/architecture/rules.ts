import ts from 'typescript';

/** `process.env` and `process['env']`, but not a property of another object that is named so. */
export function readsEnvironment(node: ts.Node): boolean {
  const object = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) ? node.expression : undefined;
  if (object === undefined || object.getText() !== 'process') return false;
  return ts.isPropertyAccessExpression(node) ? node.name.text === 'env' : /^.env.\]$/.test(node.getText().slice('process['.length));
}

/** `import … from 'node:process'`, by which the environment could be read under another name. */
export function importsProcess(node: ts.Node): boolean {
  return ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && /^(node:)?process$/.test(node.moduleSpecifier.text);
}

export function saysAny(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.AnyKeyword;
}

/** `it.skip`, `describe.only`, `test.todo.each`, `xit`, `fdescribe`, … */
export function leavesTestsOut(node: ts.Node): boolean {
  if (ts.isIdentifier(node)) return /^([xf](it|describe)|xtest)$/.test(node.text);
  if (!ts.isPropertyAccessExpression(node) || !/^(skip|only|todo|failing)$/.test(node.name.text)) return false;
  return /^(it|test|describe)\b/.test(node.expression.getText());
}

const STATEMENT = /^\s*(ALTER|ANALYZE|CALL|COMMENT|COPY|CREATE|DELETE|DO|DROP|GRANT|INSERT|LOCK|MERGE|REASSIGN|REVOKE|SELECT|SET|TRUNCATE|UPDATE|VACUUM|WITH)\s/;

/** A statement with a substitution between quotation marks: `ALTER ROLE "${name}" …`. A value with a quotation mark in it gets out. */
export function quotesByHand(node: ts.Node): boolean {
  if (!ts.isTemplateExpression(node) || !STATEMENT.test(node.head.text)) return false;
  return node.templateSpans.some((span, index) => {
    const before = index === 0 ? node.head.text : (node.templateSpans[index - 1]?.literal.text ?? '');
    return /["']$/.test(before) && /^["']/.test(span.literal.text);
  });
}
