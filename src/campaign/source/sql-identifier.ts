/** Quote the name of a table or column for SQLite and PostgreSQL, so that it can't be anything else. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
