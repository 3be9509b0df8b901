import { constants, openSync, writeSync } from 'node:fs';

/** The maximum number of characters that wait for the log's reader: a few thousand lines. */
const MAX_WAITING_CHARS = 1024 * 1024;

/** This many are written at once, without waiting for the next turn of the event loop. */
const PIECE_CHARS = 64 * 1024;

/** The pause after the reader accepted nothing. In ms. */
const RETRY_MS = 50;

/** At its end, how long the process waits for the log's reader before it ends anyway. In ms. */
const END_WAIT_MS = 500;

/** How often it checks then. In ms. */
const END_LOOK_MS = 10;

/** Where a log's lines go. */
export type LogOutput = ReturnType<typeof createLogOutput>;

/**
 * Writes lines to a pipe, a file or a terminal, whether anybody reads them or not. A reader that stops reading
 * neither blocks the process, nor fills its memory, nor keeps it from ending.
 *
 *     writing ──it takes no more──▶ waiting (RETRY_MS) ──it takes everything──▶ writing
 *
 * @param fd - preferably a non-blocking one
 * @param onDropped - called with the number of lost lines, once there is room again
 */
export function createLogOutput(fd: number, onDropped: (lines: number) => void) {
  let lines: string[] = [];
  let waitingChars = 0;
  /** The rest of the piece that is being written. */
  let rest: Buffer = Buffer.alloc(0);
  let isMidLine = false;
  let droppedLines = 0;
  let isScheduled = false;
  let isWaiting = false;

  /** @returns whether everything was written */
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
        // Its reader is gone, or its disk full. Later lines may succeed.
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
    /** Write a line, including its end. Never waits: lines without room are dropped and counted. */
    write(line: string): void {
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
    /** Write all that waits, at once. pino calls this after a fatal line. Waits for the reader, but not for long. */
    flushSync(): void {
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

/** Non-blocking standard output. Node.js makes pipes non-blocking, but not terminals. */
export function openStandardOutput(): number {
  const { fd = 1, isTTY } = process.stdout;
  if (!isTTY) return fd;
  try {
    return openSync('/dev/stdout', constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    // Another user's terminal, or a system without such a file.
    return fd;
  }
}
