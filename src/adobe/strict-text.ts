import { readFileSync } from 'node:fs';

/**
 * The text of bytes that somebody wrote with an editor or sent as a body: UTF-16 where a byte order mark says
 * so, which some editors and shells write, else UTF-8. The mark is no part of the text.
 *
 * @throws {Error} they are neither, or have a NUL in them; the message says what was expected
 */
export function toStrictText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  const label = isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('expected text in UTF-8', { cause });
  }
  if (text.includes('\0')) throw new Error('expected text in UTF-8; there is a NUL in it');
  return text;
}

/**
 * The text of a file.
 *
 * @throws {Error} it cannot be read, or holds something else than text
 */
export function readTextFile(path: string): string {
  return toStrictText(readFileSync(path));
}
