import { isUtf8 } from 'node:buffer';
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';

/** More layers of compression than this are an attack. */
const MAX_CODINGS = 4;

/** Characters that no text has, and that compressed bytes soon have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NO_TEXT = /[\x00-\x08\x0b\x0e-\x1f]/;

/**
 * The bytes of a body without the compression that its header names, or that it visibly has. Nobody asked for
 * compression, so something in between added it. Bytes that are not compressed as the header says are returned
 * unchanged.
 *
 * @param contentEncoding - the header; several codings are separated by commas, the last one outermost
 * @throws {RangeError} decompressed, it is longer than `maxBytes`
 */
export function toDecoded(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
  maxBytes: number,
): Uint8Array {
  const named = (contentEncoding ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  const codings = named.reverse().slice(0, MAX_CODINGS);
  let decoded = bytes;
  for (let index = 0; index < MAX_CODINGS && !isText(decoded); index += 1) {
    const coding = isGzip(decoded) ? 'gzip' : codings[index];
    decoded = withoutCoding(decoded, coding, maxBytes) ?? decoded;
  }
  return decoded;
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !NO_TEXT.test(Buffer.from(bytes).toString('utf8'));
}

function isGzip([first, second, method]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b && method === 8;
}

/** Null if it does not have that coding. */
function withoutCoding(
  bytes: Uint8Array,
  coding: string | undefined,
  maxOutputLength: number,
): Uint8Array | null {
  // Some servers omit the end.
  const options = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    switch (coding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, options);
      case 'deflate':
        return isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
      case 'br':
        return brotliDecompressSync(bytes, { maxOutputLength });
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength });
      default:
        return null;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw error;
    return null;
  }
}

function isZlib([method = 0, flags = 0]: Uint8Array): boolean {
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}
