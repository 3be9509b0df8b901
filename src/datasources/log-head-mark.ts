import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Position } from '../ingestion/transition.js';

/** How far a log had come, kept beside it. */
export interface HeadMark {
  /** Which log it is of. */
  readonly logId: string;
  readonly position: Position;
}

/** Every mark is as long as the next, so that one written over another leaves nothing of it. */
const MARK_CHARS = 96;

/**
 * The mark in a file, or null where there is none that can be read: it is written without waiting for the
 * disk, so that a loss of power may have taken it.
 */
export function readHeadMark(path: string): HeadMark | null {
  try {
    const { logId, position } = JSON.parse(readFileSync(path, 'utf8')) as HeadMark;
    return typeof logId === 'string' && Number.isSafeInteger(position) ? { logId, position } : null;
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

  constructor(
    path: string,
    private readonly logId: string,
  ) {
    this.#file = openSync(path, 'a+');
    closeSync(this.#file);
    this.#file = openSync(path, 'r+');
  }

  /** Call once the position is in the log for good: a mark may be behind, and never ahead. */
  write(position: Position): void {
    const mark = { logId: this.logId, position } satisfies HeadMark;
    writeSync(this.#file, JSON.stringify(mark).padEnd(MARK_CHARS), 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
