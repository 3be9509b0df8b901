export function MappingsPage(_: Record<string, unknown>) {
  return null;
}
