/** The only way for a name to get into SQL text. @throws RangeError for what PostgreSQL can't hold as a name */
export function quoteIdent(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63) {
    throw new RangeError('A PostgreSQL name has 1 to 63 bytes and no NUL.');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * For statements that take no parameters (DDL: comments, passwords, settings). Values of ordinary statements are
 * always parameters. Assumes `standard_conforming_strings`, PostgreSQL's default; a backslash switches to the E form.
 */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) throw new RangeError('PostgreSQL text holds no NUL.');
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? ` E${quoted}` : quoted;
}
