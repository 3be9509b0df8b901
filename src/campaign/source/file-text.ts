import { createReadStream } from 'node:fs';

/** A record longer than this is a broken file (an unclosed quote, no line ends), not a record. */
export const LONGEST_RECORD = 1_000_000;

const READ_BYTES = 64 * 1024;

/**
 * Read a file's text piece by piece. Refuses what is not UTF-8 instead of putting replacement characters
 * into people's names.
 *
 * @throws the file system's error; a TypeError for bytes that are not UTF-8
 */
export async function* readText(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, signal });
  for await (const bytes of stream) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}
