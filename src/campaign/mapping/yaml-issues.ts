import { type Document, isMap, isNode } from 'yaml';
import type { z } from 'zod';

/** A problem at a place of a file. */
export interface PlainIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Unknown keys arrive as one issue of their parent: split it into one for each key, so that each has its line. */
export function toPlainIssues(issue: z.core.$ZodIssue): PlainIssue[] {
  if (issue.code !== 'unrecognized_keys') return [issue];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }));
}

/** Where the node at the path begins, or else its nearest parent. */
export function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isNode(key) && String(key) === String(last));
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
