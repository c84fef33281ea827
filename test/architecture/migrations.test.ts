import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { sourceFiles, type SourceFile } from './source-file.js';

/** What TypeORM takes for a migration: an exported class whose name ends with the 13 digits of a time. */
function migrationClasses(file: SourceFile): ts.ClassDeclaration[] {
  return file.tree.statements.filter(ts.isClassDeclaration);
}

/** The number of statements in a method of the migration; undefined where there is no such method. */
function statements(migration: ts.ClassDeclaration | undefined, method: string): number | undefined {
  const found = migration?.members.find((member) => ts.isMethodDeclaration(member) && member.name.getText() === method);
  return found !== undefined && ts.isMethodDeclaration(found) ? found.body?.statements.length : undefined;
}

const migrations = sourceFiles('migrations').map((file) => [file.path, file] as const);

describe('every migration', () => {
  it.each(migrations)('%s', (path, file) => {
    const timestamp = /^migrations\/[a-z][a-z0-9_]*\/(\d{13})-[a-z0-9-]+\.ts$/.exec(path)?.[1];
    expect(timestamp).toBeDefined();

    const classes = migrationClasses(file);
    expect(classes).toHaveLength(1);
    // TypeORM orders by the class's name, people by the file's.
    expect(classes[0]?.name?.text).toMatch(new RegExp(`${timestamp}$`));

    expect(statements(classes[0], 'up')).toBeGreaterThan(0);
    // A release that can't be taken back is a release that waits for the next one with the service down.
    expect(statements(classes[0], 'down')).toBeGreaterThan(0);
  });
});
