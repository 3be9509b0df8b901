import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from './problem.js';

/** A body that was written to a file. */
export interface BodyFile extends AsyncDisposable {
  readonly location: string;
  readonly sizeBytes: number;
}

/**
 * Write a body to a new file, and flush it to the disk. Disposing of the result removes the file, unless it has been
 * renamed by then.
 *
 * A body that is too long is still read to its end, and dropped: otherwise a client that is still sending would see
 * its connection break, and not the answer.
 *
 * @throws {Problem} 413, the body is longer than `maxBytes`
 */
export async function writeBody(dir: string, body: Readable, maxBytes: number): Promise<BodyFile> {
  const location = join(dir, randomBytes(8).toString('hex'));
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) done(null, chunk);
      else done();
    },
  });
  const remove = () => rm(location, { force: true });
  try {
    await pipeline(body, meter, createWriteStream(location, { flags: 'wx', flush: true }));
    if (sizeBytes > maxBytes) throw new Problem(413, `The body exceeds ${maxBytes} bytes`);
  } catch (error) {
    await remove();
    throw error;
  }
  return { location, sizeBytes, [Symbol.asyncDispose]: remove };
}
