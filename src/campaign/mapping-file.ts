import { dirname, extname, resolve } from 'node:path';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { CONVERSIONS } from './conversion.js';
import type { Mapping } from './mapping.js';
import type { MappingFault } from './mapping-fault.js';

/** A name that is one file or folder name on every system, and never a way out of its folder. */
const FILE_NAME = /^[A-Za-z0-9](?:[\w.{}-]*[\w}-])?$/;
const XDM_PATH = /^[A-Za-z_@][\w@:-]*(?:\.[A-Za-z_@][\w@:-]*)*$/;
const IDENTITY_PATH = /^identityMap\.[^.]+$/;

const fileName = z
  .string()
  .max(100)
  .regex(FILE_NAME, 'expected a file name of letters, digits, ".", "_" and "-"');

const field = z
  .strictObject({
    column: z.string().min(1),
    to: z
      .string()
      .regex(XDM_PATH, 'expected an XDM path such as person.name.firstName')
      .refine((path) => !path.split('.').includes('__proto__'), '__proto__ is not an XDM name'),
    as: z.enum(CONVERSIONS).optional(),
  })
  .superRefine(({ to, as }, context) => {
    if (to.split('.')[0] !== 'identityMap') return;
    const fault = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message });
    if (!IDENTITY_PATH.test(to)) {
      fault('to', 'expected identityMap and one namespace, such as identityMap.Email');
    }
    if (as !== undefined && as !== 'string') fault('as', 'an identity is always a string');
  });

const mappingFile = z.strictObject({
  id: z.string().min(1).max(200),
  label: z.string().min(1),
  source: z.string().regex(/.\.(csv|ndjson)$/, 'expected the path of a .csv or .ndjson file'),
  publication: z.enum(['published', 'unpublished']),
  execution: z.enum(['started', 'stopped']),
  // From one record in a quarter of an hour, so that every wait is one that a timer can count.
  recordsPerSecond: z.number().min(0.001).max(1_000_000),
  target: z.strictObject({
    dataset: fileName,
    file: fileName.default('part-{part}.ndjson'),
    recordsPerFile: z.int().positive(),
  }),
  fields: z.array(field).min(1).superRefine(refuseOverlaps),
});

/** Each path has one source, and none runs through another's value. Identities may share a namespace. */
function refuseOverlaps(
  fields: readonly { to: string }[],
  context: z.RefinementCtx<{ to: string }[]>,
): void {
  for (const [index, { to }] of fields.entries()) {
    const earlier = fields
      .slice(0, index)
      .find(
        (other) =>
          (other.to === to && !IDENTITY_PATH.test(to)) ||
          other.to.startsWith(`${to}.`) ||
          to.startsWith(`${other.to}.`),
      );
    if (earlier === undefined) continue;
    const message =
      earlier.to === to ? `${to} is mapped twice` : `${to} and ${earlier.to} cannot both be values`;
    context.addIssue({ code: 'custom', path: [index, 'to'], message });
  }
}

/** What a mapping file holds: a mapping, or everything that is wrong with it. */
export type ParsedMapping =
  | { readonly kind: 'mapping'; readonly mapping: Mapping }
  | { readonly kind: 'faults'; readonly faults: readonly MappingFault[] };

/**
 * Read a mapping from the text of its YAML file.
 *
 * @param file - the file's path; its source's path is relative to it
 */
export function parseMapping(file: string, text: string): ParsedMapping {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return faulty(
      document.errors.map((e) => ({ file, line: lineAt(e.pos[0]), message: e.message })),
    );
  }

  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // An alias without its anchor, or so many of them that expanding them would be an attack.
    return faulty([{ file, line: null, message: String(error) }]);
  }
  const parsed = mappingFile.safeParse(content);
  if (!parsed.success) {
    return faulty(
      parsed.error.issues.flatMap(toPlainIssues).map(({ path, message }) => ({
        file,
        line: lineAt(offsetOf(document, path)),
        message: path.length === 0 ? message : `${path.join('.')}: ${message}`,
      })),
    );
  }
  const { source, ...rest } = parsed.data;
  const format = extname(source) === '.csv' ? 'csv' : 'ndjson';
  return {
    kind: 'mapping',
    mapping: { ...rest, source: { format, path: resolve(dirname(file), source) } },
  };
}

function faulty(faults: readonly MappingFault[]): ParsedMapping {
  return { kind: 'faults', faults };
}

interface PlainIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Unknown keys come as one issue of their parent: make it one of each key, so that each has its line. */
function toPlainIssues(issue: z.core.$ZodIssue): PlainIssue[] {
  if (issue.code !== 'unrecognized_keys') return [issue];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }));
}

/** Where the node at the path begins; where there is none, its nearest parent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
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
