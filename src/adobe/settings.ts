import { isIP } from 'node:net';
import { z } from 'zod';
import { findPathProblem, isQuoted } from '../process/setting-text.js';

/** Readable text. */
export const text = z
  .string()
  .min(1)
  .regex(/^[^\p{Cc}\uFFFD]*$/u, 'expected text in UTF-8, on one line');

/** A file or a folder. */
export const path = text.superRefine((given, context) => {
  const noPath = findPathProblem(given);
  if (noPath !== null) context.addIssue({ code: 'custom', message: `expected ${noPath}` });
});

/** Where to listen. An IPv6 address may have brackets, as in URLs. */
export const listenHost = z
  .string()
  .transform((host) => host.replace(/^\[(.*)\]$/, '$1'))
  .refine(
    (host) => isIP(host) !== 0 || /^[\w-]+(\.[\w-]+)*\.?$/.test(host),
    'expected a host name or an IP address, without a port',
  );

/**
 * An issue for each of these variables with quotes around its value. A shell and a `.env` file remove them; programs
 * that pass the file on themselves, such as `docker run --env-file`, don't.
 */
export function findQuoted(env: NodeJS.ProcessEnv, names: readonly string[]): string[] {
  return names
    .filter((name) => isQuoted(env[name]?.trim() ?? ''))
    .map((name) => `${name}: expected a value without quotes, which would be part of it`);
}
