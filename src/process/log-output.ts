import { constants, openSync, writeSync } from 'node:fs';

/** So many characters wait for what reads the log, at most: a few thousand lines. */
const MAX_WAITING_CHARS = 1024 * 1024;

/** So many go out in one piece, and not only once the event loop has been round. */
const PIECE_CHARS = 64 * 1024;

/** How long what takes nothing is left alone. In ms. */
const RETRY_MS = 50;

/** At its end the process waits so long for what reads the log, and then ends without. In ms. */
const END_WAIT_MS = 500;

/** How often it looks then. In ms. */
const END_LOOK_MS = 10;

/** Where the lines of a log go. */
export interface LogOutput {
  /** Take a line, its end included. Never waits: what there is no room for is dropped, and counted. */
  write(line: string): void;
  /** Write what waits, at once; pino calls it behind a fatal line. Waits for the reader, but not for long. */
  flushSync(): void;
}

/**
 * Writes lines to a pipe, a file or a terminal, whether anybody reads them or not: a reader that stands still
 * neither blocks the process nor fills its memory, and does not keep it from ending.
 *
 *     writing ──it takes no more──▶ waiting (RETRY_MS) ──it takes everything──▶ writing
 *
 * @param fd - best one that does not block
 * @param onDropped - told how many lines were lost, once there is room again
 */
export function createLogOutput(fd: number, onDropped: (lines: number) => void): LogOutput {
  let lines: string[] = [];
  let waitingChars = 0;
  /** What is left of the piece that is under way. */
  let rest: Buffer = Buffer.alloc(0);
  let isMidLine = false;
  let droppedLines = 0;
  let isScheduled = false;
  let isWaiting = false;

  /** @returns whether everything was taken */
  function flush(): boolean {
    while (rest.length > 0 || lines.length > 0) {
      if (rest.length === 0) {
        rest = Buffer.from(`${isMidLine ? '\n' : ''}${lines.join('')}`);
        lines = [];
        waitingChars = 0;
        isMidLine = false;
      }
      try {
        const taken = writeSync(fd, rest);
        isMidLine = rest[taken - 1] !== LINE_END;
        rest = rest.subarray(taken);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
        // Its reader is gone, or its disk full: what comes later may have better luck.
        droppedLines += lines.length + countLines(rest);
        rest = Buffer.alloc(0);
        lines = [];
        waitingChars = 0;
        return true;
      }
      if (rest.length === 0 && lines.length === 0) tellOfDropped();
    }
    isMidLine = false;
    return true;
  }

  function tellOfDropped(): void {
    if (droppedLines === 0) return;
    const lost = droppedLines;
    droppedLines = 0;
    onDropped(lost);
  }

  function flushOrWait(): void {
    isWaiting = !flush();
    if (isWaiting) setTimeout(flushOrWait, RETRY_MS).unref();
  }

  return {
    write(line) {
      if (waitingChars + rest.length + line.length > MAX_WAITING_CHARS) {
        droppedLines += 1;
        return;
      }
      lines.push(line);
      waitingChars += line.length;
      if (isWaiting) return;
      if (waitingChars >= PIECE_CHARS) flushOrWait();
      else if (!isScheduled) {
        isScheduled = true;
        setImmediate(() => {
          isScheduled = false;
          if (!isWaiting) flushOrWait();
        });
      }
    },
    flushSync() {
      const giveUpAt = performance.now() + END_WAIT_MS;
      while (!flush() && performance.now() < giveUpAt) sleep(END_LOOK_MS);
    },
  };
}

const LINE_END = 0x0a;

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_END) count += 1;
  return count;
}

function sleep(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

/** Standard output, in a form that does not block: Node.js sees to that for pipes, and not for terminals. */
export function openStandardOutput(): number {
  const { fd = 1, isTTY } = process.stdout;
  if (!isTTY) return fd;
  try {
    return openSync('/dev/stdout', constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    // Another user's terminal, or a system that has no such file.
    return fd;
  }
}
