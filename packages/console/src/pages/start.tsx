export function StartPage(_: Record<string, unknown>) {
  return null;
}
