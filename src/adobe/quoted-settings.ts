/**
 * A fault for each variable of these names that has quotes around its value. A shell takes them away, and so does
 * a `.env` file; what passes the file on by itself, such as `docker run --env-file`, does not.
 */
export function findQuoted(env: NodeJS.ProcessEnv, names: readonly string[]): string[] {
  return names
    .filter((name) => /^\s*(["']).*\1\s*$/s.test(env[name] ?? ''))
    .map((name) => `${name}: expected a value without quotes around it, which are part of it`);
}
