import { statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { CredentialsUnreadableError } from '../../adobe/ims.js';
import { readTextFile } from '../../adobe/strict-text.js';
import { type Client, ROLES } from './credentials.js';

const clientsFile = z.strictObject({
  clients: z
    .array(
      z.strictObject({
        clientId: z.string().min(1),
        clientSecret: z.string().min(16, 'expected at least 16 characters'),
        roles: z.array(z.enum(ROLES)),
      }),
    )
    .refine(
      (clients) => new Set(clients.map(({ clientId }) => clientId)).size === clients.length,
      'two clients have the same id',
    ),
});

/**
 * Read a file of API keys, one per line. Empty lines and lines that begin with `#` are skipped.
 *
 * @returns a function that reads it again whenever the file has changed; it throws {@link CredentialsUnreadableError}
 */
export function readApiKeysFrom(path: string): () => readonly string[] {
  return readFrom(path, (text) => {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
    if (keys.length === 0) throw new Error('it contains no key');
    return keys;
  });
}

/**
 * Read a YAML file of clients.
 *
 * @returns a function that reads it again whenever the file has changed; it throws {@link CredentialsUnreadableError}
 */
export function readClientsFrom(path: string): () => readonly Client[] {
  return readFrom(path, (text) => {
    const parsed = clientsFile.safeParse(parse(text));
    if (parsed.success) return parsed.data.clients;
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(issues.join('; '));
  });
}

function readFrom<T>(path: string, parseText: (text: string) => T): () => T {
  let known: { readonly version: string; readonly value: T } | null = null;
  return () => {
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (known?.version !== version) {
        known = { version, value: parseText(readTextFile(path)) };
      }
      return known.value;
    } catch (error) {
      throw new CredentialsUnreadableError(`${path}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
}
