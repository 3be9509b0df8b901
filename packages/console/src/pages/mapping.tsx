export function MappingPage(_: Record<string, unknown>) {
  return null;
}
