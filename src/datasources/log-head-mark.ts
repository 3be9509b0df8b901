import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** How far a log had come, kept beside it. */
export interface HeadMark {
  /** Which log it is of. */
  readonly logId: string;
  /** How many commits had made it what it was. */
  readonly commitCount: number;
}

/** Every mark is as long as the next, so that one written over another leaves nothing of it. */
const MARK_CHARS = 96;

/**
 * The mark in a file, or null where there is none that can be read: it is written without waiting for the
 * disk, so that a loss of power may have taken it.
 */
export function readHeadMark(path: string): HeadMark | null {
  try {
    const { logId, commitCount } = JSON.parse(readFileSync(path, 'utf8')) as HeadMark;
    return typeof logId === 'string' && Number.isSafeInteger(commitCount)
      ? { logId, commitCount }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return null;
    throw error;
  }
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
    const mark = { logId: this.logId, commitCount: this.#commitCount } satisfies HeadMark;
    writeSync(this.#file, JSON.stringify(mark).padEnd(MARK_CHARS), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
