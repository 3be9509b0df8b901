import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Variables as the process was given them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is never shown, and may be read from a file. */
export const secrets = [
  'CAMPAIGN_API_KEY',
  'CAMPAIGN_ACCESS_TOKEN',
  'IMS_CLIENT_SECRET',
  'PLATFORM_API_KEY',
  'PLATFORM_ACCESS_TOKEN',
  'PLATFORM_CLIENT_SECRET',
  'DATABASE_URL',
] as const;

/**
 * The variables of a `.env` file, under those of the process.
 *
 * @returns the environment alone where there is no such file, or where it cannot be read: then with a fault
 */
export function withEnvFile(environment: Environment, path: string, faults: string[]): Environment {
  let file: string;
  try {
    file = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') faults.push(`${path}: expected a file that can be read (${code})`);
    return environment;
  }
  return { ...parseEnv(file), ...environment };
}

/** Each secret X from the file that X_FILE names, without the line end that editors add. */
export function readSecretFiles(environment: Environment, faults: string[]): Environment {
  const given: Record<string, string | undefined> = { ...environment };
  for (const name of secrets) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) {
      faults.push(`${name} and ${name}_FILE are both set: expected one of them`);
      continue;
    }
    try {
      given[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (given[name] === '')
        faults.push(`${name}_FILE=${path}: expected a file that is not empty`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      faults.push(`${name}_FILE=${path}: expected a file that can be read (${code})`);
    }
  }
  return given;
}

/** Whether the variable of this name is one that is never shown. */
export function isSecret(name: string): boolean {
  return (secrets as readonly string[]).includes(name);
}
