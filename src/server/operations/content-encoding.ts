import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';

/** How the body of an answer is sent; the best of them first. */
const encodings = ['br', 'gzip', 'identity'] as const;

/** See {@link encodings}. */
export type ContentEncoding = (typeof encodings)[number];

/** Shorter answers fit into a packet or two: sent as they are, they are there sooner. */
const MIN_CHARS = 4 * 1024;

/** More would take far longer, and give a tenth less. */
const BROTLI_QUALITY = 4;

const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

/** What a client takes, by its `Accept-Encoding`. */
export function toEncoding(accepted: string | undefined): ContentEncoding {
  return negotiate(accepted ?? 'identity', [...encodings]) ?? 'identity';
}

/** A body as it is sent. */
export interface EncodedBody {
  readonly encoding: ContentEncoding;
  readonly body: string | Buffer;
}

/** Compress a body that is long enough for it to be worth its while. */
export async function encode(body: string, encoding: ContentEncoding): Promise<EncodedBody> {
  if (body.length < MIN_CHARS) return { encoding: 'identity', body };
  switch (encoding) {
    case 'identity':
      return { encoding, body };
    case 'gzip':
      return { encoding, body: await toGzip(body) };
    case 'br': {
      const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
      return { encoding, body: await toBrotli(body, { params }) };
    }
  }
}
