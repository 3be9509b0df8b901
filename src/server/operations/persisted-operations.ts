import { z } from 'zod';
import { readTextFile, UnreadableTextError } from '../admission/strict-text.js';

/** The allowed operations, by their texts and by their hashes. */
export interface PersistedOperations {
  has(query: string): boolean;
  /** The text with this hash, with or without a `sha256:` prefix. */
  find(hash: string): string | undefined;
}

/** GraphQL Code Generator's client preset: texts by their hashes, with their algorithm (`sha256:…`). */
const codegenManifest = z.record(z.string().min(1), z.string().min(1));

/** Apollo's generate-persisted-query-manifest. */
const apolloManifest = z
  .object({
    format: z.literal('apollo-persisted-query-manifest'),
    version: z.literal(1),
    operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
  })
  .transform(({ operations }) => Object.fromEntries(operations.map(({ id, body }) => [id, body])));

const manifest = z.union([apolloManifest, codegenManifest]);

/** A manifest that can't be used; the message says which, and why. */
export class ManifestInvalidError extends Error {
  override readonly name = 'ManifestInvalidError';
}

/** @throws {ManifestInvalidError} */
export function readPersistedOperations(path: string): PersistedOperations {
  const byHash = new Map(
    Object.entries(parseManifest(path)).map(([hash, text]) => [toBareHash(hash), text]),
  );
  const texts = new Set(byHash.values());
  return { has: (query) => texts.has(query), find: (hash) => byHash.get(toBareHash(hash)) };
}

function toBareHash(hash: string): string {
  return hash.replace(/^sha256:/, '');
}

function parseManifest(path: string): Record<string, string> {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    throw new ManifestInvalidError(`PERSISTED_OPERATIONS=${path}: expected ${error.message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ManifestInvalidError(
      `PERSISTED_OPERATIONS: ${path} could not be read as JSON: ${(error as Error).message}`,
    );
  }
  const { success, data } = manifest.safeParse(json);
  if (success && Object.keys(data).length > 0) return data;
  throw new ManifestInvalidError(
    `PERSISTED_OPERATIONS: ${path} must be a JSON object of operations' texts by their hashes, or Apollo's manifest of version 1, with at least one operation.`,
  );
}
