import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from './problem.js';

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/;

/** A range in a file, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Parse a `Content-Range` such as `bytes 0-99`.
 *
 * @throws {Problem} 400
 */
export function parseContentRange(header: string | undefined): ByteRange {
  const [, start = '', end = ''] = CONTENT_RANGE.exec(header ?? '') ?? [];
  const range = { start: Number(start), end: Number(end) };
  if (start === '' || range.end < range.start) {
    throw new Problem(400, 'Content-Range must have the form "bytes {start}-{end}"');
  }
  return range;
}

/**
 * A file that arrives in pieces, in any order.
 *
 * @param folder - for this file's pieces alone
 */
export function createLargeFile(folder: string) {
  const drop = () => rm(folder, { recursive: true, force: true });

  async function pieces(): Promise<(ByteRange & { readonly location: string })[]> {
    const names = await readdir(folder).catch(() => {
      throw new Problem(400, 'The large file was not begun: call action=INITIALIZE first');
    });
    const found = names.map((name) => {
      const [start = 0, end = 0] = name.split('-').map(Number);
      return { start, end, location: join(folder, name) };
    });
    return found.sort((a, b) => a.start - b.start);
  }

  async function* bytesOf(locations: readonly string[]): AsyncGenerator<Buffer> {
    for (const location of locations) yield* createReadStream(location);
  }

  return {
    /** Begin it, or begin it again, which drops existing pieces. */
    async initialize(): Promise<void> {
      await drop();
      await mkdir(folder, { recursive: true });
    },

    /** @throws {Problem} 400, it was not begun */
    async add({ start, end }: ByteRange, temporary: string): Promise<void> {
      await pieces();
      await rename(temporary, join(folder, `${start}-${end}`));
    },

    /** @throws {Problem} 400, it was not begun */
    async sizeBytes(): Promise<number> {
      return (await pieces()).reduce((sum, { start, end }) => sum + end - start + 1, 0);
    },

    /**
     * Join the pieces. They stay until they are dropped.
     *
     * @returns a file in `dir`, on the disk
     * @throws {Problem} 400, pieces overlap or are missing, or it was not begun
     */
    async join(dir: string): Promise<string> {
      const found = await pieces();
      const isWhole = found.every(
        ({ start }, index) => start === (found[index - 1]?.end ?? -1) + 1,
      );
      if (found.length === 0 || !isWhole) {
        throw new Problem(400, 'Chunks of the large file overlap or are missing');
      }
      const location = join(dir, randomBytes(8).toString('hex'));
      const content = Readable.from(bytesOf(found.map((piece) => piece.location)));
      await pipeline(content, createWriteStream(location, { flags: 'wx', flush: true }));
      return location;
    },

    drop,
  };
}
