import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';

/** The encodings of answers, best first. */
const encodings = ['br', 'gzip', 'identity'] as const;

/** See {@link encodings}. */
export type ContentEncoding = (typeof encodings)[number];

/** Shorter answers fit into a packet or two, and arrive sooner uncompressed. */
const MIN_CHARS = 4 * 1024;

/** A higher quality would take far longer, and save a tenth. */
const BROTLI_QUALITY = 4;

const toGzip = promisify(gzip);
const toBrotli = promisify(brotliCompress);

/** The encoding that a client accepts, from its `Accept-Encoding`. */
export function toEncoding(accepted: string | undefined): ContentEncoding {
  return negotiate(accepted ?? 'identity', [...encodings]) ?? 'identity';
}

/** A body as it is sent. */
export interface EncodedBody {
  readonly encoding: ContentEncoding;
  readonly body: string | Buffer;
}

/** Compress a body that is long enough to be worth it. */
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
