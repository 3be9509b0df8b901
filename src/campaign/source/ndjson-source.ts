import { LONGEST_RECORD, readText } from './file-text.js';
import type { BrokenRecord, SourceChunk, SourceQuery } from './source.js';

/** Read an NDJSON file in its order, a piece of it at a time. */
export async function* readNdjson(
  path: string,
  { columns, signal }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const readers = columns.map(compilePath);
  let line = 0;
  for await (const texts of readLines(path, signal)) {
    const rows: unknown[][] = [];
    const lines: number[] = [];
    const broken: BrokenRecord[] = [];
    for (const text of texts) {
      line += 1;
      if (text.trim() === '') continue;
      const record = parseObject(text);
      if (typeof record === 'string') {
        broken.push({ line, reason: record, raw: text });
        continue;
      }
      rows.push(readers.map((read) => read(record)));
      lines.push(line);
    }
    yield { rows, lines, broken };
  }
}

async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<string[]> {
  let rest = '';
  for await (const text of readText(path, signal)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_RECORD)
      throw new Error(`a line exceeds ${LONGEST_RECORD} characters`);
    yield lines;
  }
  yield [rest];
}

/** @returns the object, or what is wrong with the text */
function parseObject(text: string): object | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as object) : 'expected a JSON object';
}

function compilePath(column: string): (record: object) => unknown {
  const path = column.split('.');
  return (record) => {
    let value: unknown = record;
    for (const name of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
        return undefined;
      value = (value as Record<string, unknown>)[name];
    }
    return value;
  };
}
