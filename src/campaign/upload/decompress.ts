import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** Platform's longest answers, lists of batches, have a few hundred KiB. */
const MAX_BYTES = 64 * 1024 * 1024;

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** The ways to decode each coding; the first one that works is used. */
const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  gzip: [gunzipSync],
  'x-gzip': [gunzipSync],
  deflate: [inflateSync, inflateRawSync, gunzipSync],
  br: [brotliDecompressSync, gunzipSync],
};

/**
 * Decompress an answer. The service asks for no compression, but something in between may compress anyway, or say so
 * without doing it: then the bytes are unchanged.
 *
 * @param encoding - the `Content-Encoding`: the codings in the order in which they were applied
 * @throws {RangeError} it is a bomb
 */
export function decompress(bytes: Uint8Array, encoding: string | string[] | undefined): Uint8Array {
  const codings = String(encoding ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase());
  const undone = codings.reverse().reduce(undo, bytes);
  // Compressed without a header that says so.
  return undone[0] === 0x1f && undone[1] === 0x8b ? undo(undone, 'gzip') : undone;
}

function undo(bytes: Uint8Array, coding: string): Uint8Array {
  // JSON, Platform's format, never begins like compressed bytes that matter here.
  if (/^\s*[[{<]/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))) return bytes;
  for (const decode of DECODERS[coding] ?? []) {
    try {
      return decode(bytes, { maxOutputLength: MAX_BYTES });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw error;
    }
  }
  return bytes;
}
