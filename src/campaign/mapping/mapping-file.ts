import { dirname, resolve } from 'node:path';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Mapping, MappingSource, RejectLimit } from './mapping.js';
import type { MappingIssue } from './mapping-issue.js';
import { mappingSchema } from './mapping-schema.js';
import { refusedPaths, type SchemaOf } from './schema-paths.js';
import { offsetOf, type PlainIssue, toPlainIssues } from './yaml-issues.js';

/** The content of a mapping file: a mapping, or everything that is wrong with it. */
export type ParsedMapping =
  | { readonly kind: 'mapping'; readonly mapping: Mapping }
  | { readonly kind: 'issues'; readonly issues: readonly MappingIssue[] };

/** The environment variables that sources may refer to. */
export type SourceEnvironment = Readonly<Record<string, string | undefined>>;

type MappingContent = z.output<typeof mappingSchema>;

/**
 * Parse a mapping from the text of its YAML file.
 *
 * @param file - the file's path; its source's path is relative to it
 * @param environment - with the connection strings that sources refer to
 * @param schemaOf - the schema of a dataset; absent if unknown
 */
export function parseMapping(
  file: string,
  text: string,
  environment: SourceEnvironment,
  schemaOf: SchemaOf = () => undefined,
): ParsedMapping {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return invalid(
      document.errors.map((e) => ({ file, line: lineAt(e.pos[0]), message: e.message })),
    );
  }

  nameNull(document);
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // An alias without its anchor, or so many that expanding them would be an attack.
    return invalid([{ file, line: null, message: String(error) }]);
  }
  const parsed = mappingSchema.safeParse(content);
  const issues = parsed.success
    ? [...issuesOf(parsed.data, environment), ...pathIssuesOf(parsed.data, schemaOf)]
    : parsed.error.issues.flatMap(toPlainIssues);
  if (!parsed.success || issues.length > 0) {
    return invalid(
      issues.map(({ path, message }) => ({
        file,
        line: lineAt(offsetOf(document, path)),
        message: path.length === 0 ? message : `${path.join('.')}: ${message}`,
      })),
    );
  }
  return { kind: 'mapping', mapping: toMapping(parsed.data, dirname(file), environment) };
}

/** YAML reads `null` and `NULL` as no value. Here the first one is a setting, and the other is text as written. */
function nameNull({ contents }: Document): void {
  if (!isMap(contents)) return;
  for (const { key, value } of contents.items) {
    if (!isScalar(key) || key.value !== null) continue;
    key.value = 'null';
    for (const item of isSeq(value) ? value.items : []) {
      if (isScalar(item) && typeof item.value !== 'string') item.value = item.source;
    }
  }
}

function invalid(issues: readonly MappingIssue[]): ParsedMapping {
  return { kind: 'issues', issues };
}

/** What is wrong with a mapping of the right form. */
function issuesOf(content: MappingContent, environment: SourceEnvironment): PlainIssue[] {
  const { source, publication, execution } = content;
  const issues: PlainIssue[] = [];
  if (source.kind === 'csv' && source.header === false) {
    for (const [path, column] of columnsIn(content)) {
      const message = 'without a header, columns have the numbers of their places, from 1';
      if (!/^[1-9]\d*$/.test(column)) issues.push({ path, message });
    }
  }
  if (publication === 'unpublished' && execution === 'started') {
    issues.push({ path: ['execution'], message: 'a mapping that is not published is stopped' });
  }
  if (source.kind === 'postgres') {
    const name = variableOf(source.url);
    const message = `the environment variable ${name} is not set`;
    if (!environment[name]) issues.push({ path: ['source', 'url'], message });
  }
  return issues;
}

/** Records with a path that the schema forbids would only be refused after they were sent. */
function pathIssuesOf({ dataset, fields }: MappingContent, schemaOf: SchemaOf): PlainIssue[] {
  const schema = schemaOf(dataset);
  if (schema === undefined) return [];
  const refused = refusedPaths(schema, [...new Set(fields.map(({ to }) => to))]);
  return fields.flatMap(({ to }, index) =>
    refused.includes(to)
      ? [{ path: ['fields', index, 'to'], message: `${to} is not in the schema of ${dataset}` }]
      : [],
  );
}

/** The columns that a mapping names, and where it does. */
function columnsIn({
  key,
  changed,
  fields,
}: MappingContent): (readonly [readonly PropertyKey[], string])[] {
  return [
    [['key'], key],
    ...(changed === undefined ? [] : [toMarkerColumn(changed)]),
    ...fields.flatMap(({ column, concat = [] }, index) => [
      ...(column === undefined ? [] : [[['fields', index, 'column'], column] as const]),
      ...concat.map((one, at) => [['fields', index, 'concat', at], one] as const),
    ]),
  ];
}

function toMarkerColumn(
  changed: NonNullable<MappingContent['changed']>,
): readonly [readonly PropertyKey[], string] {
  return typeof changed === 'string'
    ? [['changed'], changed]
    : [['changed', 'column'], changed.column];
}

function variableOf(url: string): string {
  return url.slice('${'.length, -'}'.length);
}

function toMapping(content: MappingContent, dir: string, environment: SourceEnvironment): Mapping {
  const {
    $schema,
    source,
    changed,
    every,
    lag,
    recordsPerSecond,
    maxRejected,
    null: nulls,
    ...rest
  } = content;
  return {
    ...rest,
    source: toSource(source, dir, environment),
    ...toChanged(changed),
    ...(lag === undefined ? {} : { lagMs: toMs(lag) }),
    everyMs: every === undefined ? null : toMs(every),
    recordsPerSecond: recordsPerSecond ?? null,
    maxRejected: toRejectLimit(maxRejected),
    nulls,
  };
}

function toChanged(changed: MappingContent['changed']): Pick<Mapping, 'changed' | 'changedAs'> {
  if (changed === undefined || typeof changed === 'string') return { changed: changed ?? null };
  const { column, as, format = 'iso' } = changed;
  return { changed: column, changedAs: { as, format } };
}

function toSource(
  source: MappingContent['source'],
  dir: string,
  environment: SourceEnvironment,
): MappingSource {
  if (source.kind !== 'postgres') return { ...source, path: resolve(dir, source.path) };
  const { url, ...rest } = source;
  const variable = variableOf(url);
  return { ...rest, variable, connectionString: () => environment[variable] ?? '' };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function toMs(interval: string): number {
  return Number.parseInt(interval, 10) * (UNITS_MS[interval.slice(-1)] ?? 0);
}

function toRejectLimit(maxRejected: number | string): RejectLimit {
  if (typeof maxRejected === 'number') return { kind: 'records', max: maxRejected };
  return { kind: 'percent', max: Number.parseFloat(maxRejected) };
}
