import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** How far a log had come, kept beside it. */
export interface HeadMark {
  /** Which log it is of. */
  readonly logId: string;
  /** How many commits had made it what it was. */
  readonly commitCount: number;
}

/** Every mark is as long as the next, so that one written over another leaves nothing of it. */
const MARK_CHARS = 96;

/** What stands in a mark’s file is none. */
export class HeadMarkDamagedError extends Error {
  override readonly name = 'HeadMarkDamagedError';
}

/**
 * The mark in a file, or null where there is none: it is written without waiting for the disk, so that a
 * loss of power may have taken it, or left nothing but zeros.
 *
 * @throws {HeadMarkDamagedError}
 */
export function readHeadMark(path: string): HeadMark | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (/^\0*$/.test(text)) return null;
  const [, checksum, logId, commitCount] = /^(\d+) ([\w-]+) (\d+) *$/.exec(text) ?? [];
  if (logId === undefined) throw new HeadMarkDamagedError('It is no mark.');
  const mark = { logId, commitCount: Number(commitCount) };
  if (Number(checksum) !== toMarkChecksum(mark))
    throw new HeadMarkDamagedError('Its checksum is wrong.');
  return mark;
}

function toMarkChecksum({ logId, commitCount }: HeadMark): number {
  return crc32(JSON.stringify([logId, commitCount]));
}

/**
 * Keeps the mark of an open log.
 *
 * The log’s file may be put back by an older copy, or lose its tail; each is a whole log in itself, and only
 * what is kept beside it can tell that there was more.
 */
export class HeadMarkFile {
  readonly #file: number;
  #commitCount = 0;

  constructor(
    path: string,
    private readonly logId: string,
  ) {
    this.#file = openSync(path, 'a+');
    closeSync(this.#file);
    this.#file = openSync(path, 'r+');
  }

  /** Call once a commit is in the log for good: a mark may be behind, and never ahead. It does not go back. */
  write(commitCount: number): void {
    this.#commitCount = Math.max(this.#commitCount, commitCount);
    const mark: HeadMark = { logId: this.logId, commitCount: this.#commitCount };
    const text = `${toMarkChecksum(mark)} ${mark.logId} ${mark.commitCount}`;
    writeSync(this.#file, text.padEnd(MARK_CHARS), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
