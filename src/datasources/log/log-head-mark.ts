import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** How far a log had come, stored beside it. */
export interface HeadMark {
  /** The log that it belongs to. */
  readonly logId: string;
  /** The number of commits at that time. */
  readonly commitCount: number;
}

/** All marks have this length, so that writing one over another leaves nothing of the old one. */
const MARK_CHARS = 96;

/** The file has no valid mark. */
export class HeadMarkDamagedError extends Error {
  override readonly name = 'HeadMarkDamagedError';
}

/**
 * The mark in a file, or null if there is none. It is written without waiting for the disk, so a loss of power may
 * have removed it, or left only zeros.
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
  if (logId === undefined) throw new HeadMarkDamagedError('It is not a mark.');
  const mark = { logId, commitCount: Number(commitCount) };
  if (Number(checksum) !== toMarkChecksum(mark))
    throw new HeadMarkDamagedError('Its checksum is wrong.');
  return mark;
}

function toMarkChecksum({ logId, commitCount }: HeadMark): number {
  return crc32(JSON.stringify([logId, commitCount]));
}

/**
 * Maintains the mark of an open log.
 *
 * The log's file may be replaced by an older copy, or lose its end. Each result is a complete log in itself, and only
 * something stored beside it can reveal that there was more.
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

  /** Call this once a commit is permanent: a mark may lag, but never lead. It does not go back. */
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
