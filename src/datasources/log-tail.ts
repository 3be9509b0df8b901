import { LogUnavailableError } from '../ingestion/gateway-error.js';
import type { Position, Transition } from '../ingestion/transition.js';

/**
 * Tells of what is appended to the log, by this process or another, once and in the log’s order.
 *
 * @see docs/adr/0014-notifications-are-hints.md
 */
export interface LogTail {
  /** The newest transition that was told. */
  readonly toldThrough: Position;
  /** Tell of what this process has appended just now; of what is before it in the log first. */
  append(transitions: readonly Transition[]): Promise<void>;
  /**
   * Tell of all that the log has by now. Where it cannot be read, that is left to the next time.
   *
   * @param head - how far it is known to have come at least; null where that is to be found out
   */
  catchUp(head: Position | null): Promise<void>;
  /** Read no more. */
  close(): Promise<void>;
}

/** What a tail reads, and whom it tells. */
export interface LogTailOptions {
  /** Where the log’s end is: what is before it is not told. */
  readonly head: Position;
  read(after: Position, limit: number): Promise<readonly Transition[]>;
  tell(transition: Transition): void;
}

/** How many transitions are read at a time. */
const PAGE_ITEMS = 500;

/** Begin to tell, at the log’s end. */
export function createLogTail({ head, read, tell }: LogTailOptions): LogTail {
  let toldThrough = head;
  let reading: Promise<void> | null = null;
  let isAskedAgain = false;
  let isClosed = false;

  function tellNew(transitions: readonly Transition[]): void {
    for (const transition of transitions) {
      // What was told while a page was being read may be in that page.
      if (transition.position <= toldThrough) continue;
      toldThrough = transition.position;
      tell(transition);
    }
  }

  async function readOn(): Promise<void> {
    try {
      for (let isMore = true; isMore && !isClosed; ) {
        // Whoever asks from here on may mean something that this read is too early for.
        isAskedAgain = false;
        const page = await read(toldThrough, PAGE_ITEMS);
        tellNew(page);
        isMore = isAskedAgain || page.length === PAGE_ITEMS;
      }
    } catch (error) {
      if (!(error instanceof LogUnavailableError)) throw error;
    } finally {
      reading = null;
    }
  }

  async function catchUp(head: Position | null): Promise<void> {
    if (isClosed || (head !== null && head <= toldThrough)) return;
    isAskedAgain = true;
    reading ??= readOn();
    await reading;
  }

  return {
    get toldThrough() {
      return toldThrough;
    },
    async append(transitions) {
      const [first] = transitions;
      if (!first) return;
      // Another process has appended before: its transitions come first.
      if (first.position > toldThrough + 1) await catchUp(transitions.at(-1)?.position ?? null);
      else tellNew(transitions);
    },
    catchUp,
    async close() {
      isClosed = true;
      await reading;
    },
  };
}
