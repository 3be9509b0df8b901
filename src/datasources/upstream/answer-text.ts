import { isUtf8 } from 'node:buffer';

/**
 * The text of an answer's body: UTF-16 if its first bytes say so, else UTF-8 if the bytes are valid UTF-8, because
 * that is how JSON is sent whatever its header says. Anything else is in the charset that the header names, or else
 * in windows-1252, which old servers use without naming it.
 *
 * Never throws. Bytes that can't be decoded become U+FFFD. A byte order mark is not part of the text.
 */
export function toAnswerText(bytes: Uint8Array, contentType: string | undefined): string {
  const label = toUtf16(bytes) ?? (isUtf8(bytes) ? 'utf-8' : toCharset(contentType));
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    // An unknown charset.
    return new TextDecoder().decode(bytes);
  }
}

/** By the byte order mark, or by the zero byte of the first character, which is ASCII in JSON. */
function toUtf16([first, second]: Uint8Array): string | null {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return null;
}

function toCharset(contentType: string | undefined): string {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(contentType ?? '')?.[1] ?? 'windows-1252';
}
