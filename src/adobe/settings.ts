import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { findPathProblem, isQuoted } from '../process/setting-text.js';
import { readTextFile } from './strict-text.js';

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

/** The environment has issues. The message lists them all, one per line. */
export class SettingsInvalidError extends Error {
  override readonly name = 'SettingsInvalidError';
}

/**
 * Read settings from the environment. Blanks and line ends around a value are removed. Unset and empty variables have
 * defaults; an invalid value is an issue, and so are quotes around one: a shell and a `.env` file remove them, but
 * programs that pass the file on themselves, such as `docker run --env-file`, don't.
 *
 * @throws {SettingsInvalidError} with all issues
 */
export function parseSettings<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv,
): z.output<S> {
  const given = Object.entries(env)
    .map(([name, value]) => [name, value?.trim() || value] as const)
    .filter(([, value]) => value !== '');
  const parsed = schema.safeParse(Object.fromEntries(given));
  const quoted = Object.keys(schema.shape).filter((name) => isQuoted(env[name]?.trim() ?? ''));
  if (parsed.success && quoted.length === 0) return parsed.data;
  const issues = [
    ...quoted.map((name) => `${name}: expected a value without quotes, which would be part of it`),
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`),
  ];
  throw new SettingsInvalidError(['The environment is wrong:', ...issues].join('\n  '));
}

/**
 * The variables of a `.env` file; none if there is no such file.
 *
 * @throws {SettingsInvalidError} it can't be read, or is not text
 */
export function readEnvFile(path: string): NodeJS.ProcessEnv {
  if (!existsSync(path)) return {};
  try {
    return parseEnv(readTextFile(path));
  } catch (cause) {
    throw new SettingsInvalidError(`${path}: ${(cause as Error).message}`, { cause });
  }
}
