import { parseEnv } from 'node:util';
import { findPathProblem } from '../process/setting-text.js';
import { readTextFile, UnreadableTextError } from '../server/admission/strict-text.js';

/** The process's variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that are never shown, and may be read from a file. */
export const secrets = [
  'CAMPAIGN_API_KEY',
  'CAMPAIGN_ACCESS_TOKEN',
  'CAMPAIGN_ADMIN_CLIENT_SECRET',
  'IMS_CLIENT_SECRET',
  'PLATFORM_API_KEY',
  'PLATFORM_ACCESS_TOKEN',
  'PLATFORM_CLIENT_SECRET',
  'DATABASE_URL',
] as const;

/**
 * The process's variables, and those of a `.env` file, which they override. Blanks and line ends around a value are
 * removed: line ends come from pasted text, or from files with Windows line ends.
 *
 * @returns only the process's variables if there is no such file, or if it can't be read, which is an issue
 */
export function withEnvFile(environment: Environment, path: string, issues: string[]): Environment {
  return Object.fromEntries(
    Object.entries({ ...readEnvFile(path, issues), ...environment }).map(([name, value]) => [
      name,
      withoutEnds(value),
    ]),
  );
}

/** A value of only blanks stays, because nobody means the default by it. */
function withoutEnds(value: string | undefined): string | undefined {
  return value?.trim() || value;
}

function readEnvFile(path: string, issues: string[]): Environment {
  try {
    return parseEnv(readTextFile(path));
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
    if (code !== 'ENOENT') issues.push(`${path}: expected ${error.message}`);
    return {};
  }
}

/** Read each secret X from the file that X_FILE names, without surrounding blanks and line ends. */
export function readSecretFiles(environment: Environment, issues: string[]): Environment {
  const given: Record<string, string | undefined> = { ...environment };
  for (const name of secrets) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) {
      issues.push(`${name} and ${name}_FILE are both set: expected one of them`);
      continue;
    }
    const noPath = findPathProblem(path);
    if (noPath !== null) {
      issues.push(`${name}_FILE=${path}: expected ${noPath}`);
      continue;
    }
    try {
      given[name] = readTextFile(path).trim();
      if (given[name] === '')
        issues.push(`${name}_FILE=${path}: expected a file that is not empty`);
    } catch (error) {
      if (!(error instanceof UnreadableTextError)) throw error;
      issues.push(`${name}_FILE=${path}: expected ${error.message}`);
    }
  }
  return given;
}

/** Whether this variable is one that is never shown. */
export function isSecret(name: string): boolean {
  return (secrets as readonly string[]).includes(name);
}

/** Whether a variable is set. A secret may come from its file; if that failed, there is already an issue. */
export function isGiven(name: string, given: Environment): boolean {
  return Boolean(given[name] || (isSecret(name) && given[`${name}_FILE`]));
}
