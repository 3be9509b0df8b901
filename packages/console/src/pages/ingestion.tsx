export function IngestionPage(_: Record<string, unknown>) {
  return null;
}
