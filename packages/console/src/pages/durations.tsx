export function DurationsPage(_: Record<string, unknown>) {
  return null;
}
