import { isUtf8 } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { sniffEncoding } from '../mapping/file-encoding.js';
import { SourceError } from './source.js';

const READ_BYTES = 64 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** How many bytes around the fault of a non-UTF-8 line are shown, on both sides. */
const SHOWN_BYTES = 16;

/** How a file's bytes become text. */
export interface TextOptions {
  /** The name in the Encoding Standard; null: the bytes decide. */
  readonly encoding: string | null;
  readonly signal: AbortSignal;
}

/** A file's text, piece by piece. */
export interface FileText {
  /** The encoding in which it is read. */
  readonly encoding: string;
  readonly isGzip: boolean;
  readonly pieces: AsyncGenerator<string>;
}

/**
 * Begin to read a file's text, decompressed if it is a gzip file. Refuses bytes that are not in the encoding, instead
 * of putting replacement characters into people's names, and refuses, at the end, a file that was written to
 * meanwhile.
 *
 * @throws the file system's error; an Error that says what is wrong with the bytes; {@link SourceError}
 */
export async function openText(path: string, options: TextOptions): Promise<FileText> {
  // Opening a named pipe would wait for its writer.
  if (!(await stat(path)).isFile()) throw new Error('is not a file');
  const file = await open(path);
  try {
    const before = await file.stat({ bigint: true });
    const { bytesRead, buffer } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
    const isGzip = buffer.subarray(0, bytesRead).equals(GZIP);
    const bytes = readBytes(file, isGzip, options.signal);
    const head = await readHead(bytes);
    const encoding = sniffEncoding(head, options.encoding);
    const text = decode(head, bytes, encoding, () => whereNotUtf8(file, isGzip, options.signal));
    return { encoding, isGzip, pieces: readPieces(text, file, before) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* readPieces(
  text: AsyncGenerator<string>,
  file: FileHandle,
  before: BigIntStats,
): AsyncGenerator<string> {
  // A file that replaced it by renaming is another one: this one is complete.
  async function expectUnwritten(): Promise<void> {
    if (isSameState(before, await file.stat({ bigint: true }))) return;
    throw new SourceError('was written to while it was read', true);
  }

  try {
    yield* text;
    await expectUnwritten();
  } catch (error) {
    // Half of an old and half of a new file may be nonsense.
    await expectUnwritten();
    throw error;
  } finally {
    await file.close();
  }
}

/** True if nobody has written to a file in between. */
function isSameState(one: BigIntStats, other: BigIntStats): boolean {
  return one.size === other.size && one.mtimeNs === other.mtimeNs;
}

async function* readBytes(
  file: FileHandle,
  isGzip: boolean,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const packed = readPacked(file, signal);
  if (!isGzip) {
    yield* packed;
    return;
  }
  const gunzip = createGunzip();
  // Errors end the decompression, whose reader below throws them.
  const piped = pipeline(packed, gunzip).catch(() => {});
  try {
    yield* gunzip;
  } finally {
    gunzip.destroy();
    await piped;
  }
}

/** Up to the end of the file when the reading began, because a writer may be as fast as the reader. */
async function* readPacked(file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { size } = await file.stat();
  for (let position = 0; position < size; ) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await file.read(
      buffer,
      0,
      Math.min(READ_BYTES, size - position),
      position,
    );
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readHead(bytes: AsyncGenerator<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < READ_BYTES; ) {
    const { value, done } = await bytes.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return Buffer.concat(parts);
}

async function* decode(
  head: Buffer,
  rest: AsyncGenerator<Buffer>,
  encoding: string,
  where: () => Promise<string>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    // Some programs write the byte order mark twice.
    yield decoder.decode(head, { stream: true }).replace(/^\uFEFF+/, '');
    for await (const bytes of rest) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    const reason = encoding === 'utf-8' ? await where() : `is not ${encoding}: set its encoding`;
    throw new Error(reason, { cause: error });
  } finally {
    await rest.return(undefined);
  }
}

/** Says where a file is not UTF-8, and how that place reads in the most likely encoding. */
async function whereNotUtf8(
  file: FileHandle,
  isGzip: boolean,
  signal: AbortSignal,
): Promise<string> {
  let line = 1;
  let rest = Buffer.alloc(0);
  for await (const bytes of readBytes(file, isGzip, signal)) {
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      const text = rest.subarray(0, end);
      if (!isUtf8(text)) return notUtf8(text, line);
      rest = rest.subarray(end + 1);
      line += 1;
    }
  }
  return notUtf8(rest, line);
}

function notUtf8(text: Buffer, line: number): string {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  const valid = Buffer.byteLength(decoded.slice(0, decoded.indexOf('\uFFFD')));
  const around = text.subarray(Math.max(0, valid - SHOWN_BYTES), valid + SHOWN_BYTES);
  const guess = JSON.stringify(new TextDecoder('windows-1252').decode(around).trim());
  const byte = `0x${(text[valid] ?? 0).toString(16).padStart(2, '0').toUpperCase()}`;
  return `is not UTF-8: line ${line} has the byte ${byte}; set its encoding, such as windows-1252, in which it reads ${guess}`;
}
