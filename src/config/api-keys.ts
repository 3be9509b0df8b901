import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { rights, toMappingScope } from '../ingestion/caller.js';
import { readTextFile, UnreadableTextError } from '../server/admission/strict-text.js';
import type { ApiKey } from '../server/sign-in/api-keys.js';

const MAX_NAME_LENGTH = 255;

/** The id of a mapping, or the beginning of ids. */
const pattern = z
  .string('expected an id, or the beginning of ids and a *')
  .min(1, 'expected an id, or the beginning of ids and a *')
  .regex(/^[^*]*\*?$/, 'a * is only allowed at the end');

/** The content of an entry. */
export const keyEntry = z.strictObject({
  name: z
    .string('expected the name of the caller')
    .regex(/\S/, 'expected the name of the caller')
    .max(MAX_NAME_LENGTH, `expected at most ${MAX_NAME_LENGTH} characters`)
    .refine((name) => !/\p{Cc}/u.test(name), 'expected no control characters'),
  sha256: z
    .string('expected the SHA-256 of the key, 64 hex digits')
    .regex(/^[0-9a-f]{64}$/i, 'expected the SHA-256 of the key, 64 hex digits'),
  rights: z.array(
    z.enum(rights, `expected one of ${rights.join(', ')}`),
    'expected a list of rights',
  ),
  mappings: z.array(pattern, 'expected a list of mappings; ["*"] for all'),
  expiresAt: z.iso
    .datetime({
      offset: true,
      error: 'expected an instant such as 2027-01-31T00:00:00Z',
    })
    .optional(),
});

const file = z.strictObject(
  { keys: z.array(keyEntry, 'expected a list of keys').superRefine(refuseRepeats) },
  'expected only "keys:" with a list',
);

/** Nobody could tell what a key with two entries may do. */
function refuseRepeats(
  keys: readonly { readonly sha256: string }[],
  context: z.RefinementCtx<{ sha256: string }[]>,
): void {
  const seen = new Set<string>();
  for (const [index, { sha256 }] of keys.entries()) {
    if (seen.has(sha256.toLowerCase())) {
      const message = 'this key already has an entry';
      context.addIssue({ code: 'custom', path: [index, 'sha256'], message });
    }
    seen.add(sha256.toLowerCase());
  }
}

/**
 * The API keys in a YAML file (or a JSON file, because JSON is YAML).
 *
 * @param issues - gets one for each problem, with its line; none shows a value
 */
export function readApiKeys(path: string, issues: string[]): readonly ApiKey[] {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    if (!(error instanceof UnreadableTextError)) throw error;
    issues.push(`API_KEYS_FILE=${path}: expected ${error.message}`);
    return [];
  }
  const lines = new LineCounter();
  const issue = (offset: number, message: string) =>
    issues.push(`API_KEYS_FILE=${path}, line ${lines.linePos(offset).line}: ${message}`);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const { pos, code } of document.errors) issue(pos[0], `this is not YAML (${code})`);
  if (document.errors.length > 0) return [];

  const parsed = file.safeParse(toContent(document));
  if (parsed.success) return parsed.data.keys.map(toApiKey);
  for (const { path: at, message } of parsed.error.issues) {
    issue(offsetOf(document, at), at.length === 0 ? message : `${at.join('.')}: ${message}`);
  }
  return [];
}

/** Null if an alias has no anchor, or if aliases are nested so much that expanding them would be an attack. */
function toContent(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    return null;
  }
}

function toApiKey({ mappings, expiresAt, sha256, ...entry }: z.output<typeof keyEntry>): ApiKey {
  return {
    ...entry,
    sha256,
    rights: rights.filter((right) => entry.rights.includes(right)),
    mappings: toMappingScope(mappings),
    expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
  };
}

/** Where the node at the path begins, or else its nearest parent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
