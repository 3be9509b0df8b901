import { PassThrough, type Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { Problem } from './problem.js';

/**
 * The first file of a multipart body; the rest of it is read and dropped.
 *
 * @param contentType - the header, with the boundary
 * @returns a stream that breaks with a {@link Problem} if the body is not multipart, or has no file
 */
export function firstFileOf(body: Readable, contentType: string): Readable {
  const content = new PassThrough();
  const fail = (why: string) => content.destroy(new Problem(400, `The multipart body ${why}`));
  let isFound = false;
  try {
    // Each part is a file, with or without a name, because clients leave that out.
    const parts = Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: () => true,
      limits: { files: 2 },
    });
    parts.on('file', (_field, file) => {
      if (isFound) return void file.resume();
      isFound = true;
      file.on('error', (error) => content.destroy(error));
      file.pipe(content);
    });
    parts.on('finish', () => isFound || fail('has no file'));
    parts.on('error', () => fail('cannot be read'));
    body.on('error', (error) => content.destroy(error));
    body.pipe(parts);
  } catch {
    body.resume();
    fail('has no boundary');
  }
  return content;
}
