import { isIP } from 'node:net';
import { z } from 'zod';
import { isQuoted, whyNoPath } from '../process/setting-text.js';

/** A text that can be read. */
export const text = z
  .string()
  .min(1)
  .regex(/^[^\p{Cc}\uFFFD]*$/u, 'expected text in UTF-8, on one line');

/** A file or a folder. */
export const path = text.superRefine((given, context) => {
  const noPath = whyNoPath(given);
  if (noPath !== null) context.addIssue({ code: 'custom', message: `expected ${noPath}` });
});

/** Where to listen. An IPv6 address may stand in brackets, as it does in URLs. */
export const listenHost = z
  .string()
  .transform((host) => host.replace(/^\[(.*)\]$/, '$1'))
  .refine(
    (host) => isIP(host) !== 0 || /^[\w-]+(\.[\w-]+)*\.?$/.test(host),
    'expected a host name or an IP address, without a port',
  );

/**
 * A fault for each variable of these names that has quotes around its value. A shell takes them away, and so does
 * a `.env` file; what passes the file on by itself, such as `docker run --env-file`, does not.
 */
export function findQuoted(env: NodeJS.ProcessEnv, names: readonly string[]): string[] {
  return names
    .filter((name) => isQuoted(env[name]?.trim() ?? ''))
    .map((name) => `${name}: expected a value without quotes around it, which are part of it`);
}
