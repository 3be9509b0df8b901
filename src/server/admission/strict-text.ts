import { readFileSync } from 'node:fs';

/** Bytes that are not text. The message completes "expected …". */
export class UnreadableTextError extends Error {
  override readonly name = 'UnreadableTextError';
}

/**
 * The text of a file or a body: UTF-16 if there is a byte order mark, which some editors and shells write, else
 * UTF-8. The mark is not part of the text.
 *
 * @throws {UnreadableTextError} they are neither, or contain a NUL, which nobody intends
 */
export function toStrictText(bytes: Uint8Array): string {
  const text = decode(bytes);
  if (text !== null && !text.includes('\0')) return text;
  throw new UnreadableTextError('text in UTF-8');
}

/**
 * The text of a file.
 *
 * @throws {UnreadableTextError} it contains something else, or can't be read
 */
export function readTextFile(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnreadableTextError(`a file that can be read (${code})`, { cause: error });
  }
  return toStrictText(bytes);
}

const newDecoder = (encoding: string) => new TextDecoder(encoding, { fatal: true });

/** Making one takes longer than decoding what most clients send. */
const decoders = {
  'utf-8': newDecoder('utf-8'),
  'utf-16le': newDecoder('utf-16le'),
  'utf-16be': newDecoder('utf-16be'),
};

function decode(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  try {
    return decoders[isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8'].decode(bytes);
  } catch {
    return null;
  }
}
