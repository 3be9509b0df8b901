import { z } from 'zod';
import { tryParseJson } from '../../adobe/body-json.js';
import { PlatformError } from './platform-error.js';

/** A record that Platform left out. */
export interface RowError {
  /** Its errors in one text. */
  readonly reason: string;
  /** As it was sent, or as text if Platform could not read it. */
  readonly record: unknown;
}

/** The files with a batch's row errors. */
export interface RowErrorFile {
  readonly name: string;
  /** In bytes; 0 if Platform does not say. */
  readonly sizeBytes: number;
}

const list = z.object({
  data: z.array(z.object({ name: z.string().min(1), length: z.coerce.number().catch(0) })),
});

const text = z.union([z.string(), z.number().transform(String)]).catch('');
const row = z.looseObject({
  _errors: z.array(z.object({ code: text, message: text })).catch([]),
  _filename: z.unknown().optional(),
  _corrupt_record: z.unknown().optional(),
});

/**
 * Parse the list of a batch's files of row errors.
 *
 * @throws {PlatformError} it is not one
 */
export function parseRowErrorList(answer: string): readonly RowErrorFile[] {
  try {
    const { data } = list.parse(JSON.parse(answer));
    return data.map(({ name, length }) => ({ name, sizeBytes: length }));
  } catch (cause) {
    const what = 'Platform’s answer is not a list of row errors';
    throw new PlatformError(what, true, 200, null, { cause });
  }
}

/** Parse the rows of such a file; anything that is not a row is left out. */
export function parseRowErrors(answer: string): readonly RowError[] {
  return answer.split('\n').flatMap((line) => {
    const parsed = row.safeParse(tryParseJson(line));
    if (!parsed.success) return [];
    const { _errors, _filename, _corrupt_record: corrupt, ...record } = parsed.data;
    const reason = _errors.map(({ code, message }) => `${code} ${message}`.trim()).join('; ');
    return [{ reason: `Platform: ${reason}`, record: corrupt ?? record }];
  });
}
