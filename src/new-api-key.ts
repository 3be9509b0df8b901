import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { keyEntry } from './config/api-keys.js';
import { rights } from './ingestion/caller.js';
import { newApiKey } from './server/sign-in/api-keys.js';

/**
 * Create an API key, and print it with its entry for API_KEYS_FILE: `npm run api-key -- --name nightly-import`.
 *
 * The key is not stored anywhere.
 */
const usage = `Usage: npm run api-key -- --name <caller> [--rights <${rights.join('|')}>,…] [--mappings <id or prefix*>,…] [--expires <instant>]`;

interface Wish {
  readonly name?: string | undefined;
  readonly rights?: string | undefined;
  readonly mappings?: string | undefined;
  readonly expires?: string | undefined;
}

function readWish(): Wish {
  const text = { type: 'string' } as const;
  const options = { name: text, rights: text, mappings: text, expires: text };
  return parseArgs({ options }).values;
}

function toInstant(text: string): string {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) {
    throw new Error('--expires: expected an instant such as 2027-01-31T00:00:00Z');
  }
  return instant.toISOString();
}

function toEntry(
  { name, rights = 'ingestion:read', mappings = '*', expires }: Wish,
  sha256: string,
) {
  const expiresAt = expires === undefined ? undefined : toInstant(expires);
  return {
    name,
    sha256,
    rights: rights.split(','),
    mappings: mappings.split(','),
    ...(expiresAt && { expiresAt }),
  };
}

try {
  const wish = readWish();
  if (!wish.name) throw new Error('--name is missing');
  const { key, sha256 } = newApiKey();
  const entry = toEntry(wish, sha256);
  const issues = keyEntry.safeParse(entry).error?.issues ?? [];
  if (issues.length > 0) {
    throw new Error(
      issues.map(({ path, message }) => `--${String(path[0])}: ${message}`).join('\n'),
    );
  }
  console.log(`The key, which is shown this once:\n\n${key}\n`);
  console.log(`Its entry in API_KEYS_FILE, below "keys:":\n\n${stringify([entry]).trimEnd()}`);
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 1;
}
