import { isUtf8 } from 'node:buffer';

/**
 * The text of an answer's body: UTF-16 where its first bytes say so, else UTF-8 where that is what the bytes
 * are, for so JSON is sent whatever its header says. What is neither is in the charset that the header names,
 * or in the one that old servers do not name, windows-1252.
 *
 * Never throws; what cannot be decoded becomes U+FFFD. A byte order mark is no part of the text.
 */
export function toAnswerText(bytes: Uint8Array, contentType: string | undefined): string {
  const label = toUtf16(bytes) ?? (isUtf8(bytes) ? 'utf-8' : toCharset(contentType));
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    // A charset that nobody here knows.
    return new TextDecoder().decode(bytes);
  }
}

/** By the byte order mark; or by where the first character, which is one of ASCII in JSON, has its zero. */
function toUtf16([first, second]: Uint8Array): string | null {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return null;
}

function toCharset(contentType: string | undefined): string {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(contentType ?? '')?.[1] ?? 'windows-1252';
}
