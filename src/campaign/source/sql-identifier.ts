/** Quote the name of a table or column, as SQLite and PostgreSQL have it, so that it is never anything else. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
