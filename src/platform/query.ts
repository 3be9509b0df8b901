import { Problem } from './problem.js';

/**
 * A query parameter that may be given once.
 *
 * @throws {Problem} 400
 */
export function readOnce(query: unknown, name: string): string | undefined {
  const value = (query as Readonly<Record<string, string | string[] | undefined>>)[name];
  if (Array.isArray(value)) throw new Problem(400, `${name} must be given once`);
  return value;
}
