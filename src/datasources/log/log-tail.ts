import { LogDamagedError, LogUnavailableError } from '../../ingestion/gateway-error.js';
import { isSameTransition, type Position, type Transition } from '../../ingestion/transition.js';
import type { LogDatabase } from './log-database.js';

/**
 * Tells of what is appended to the log, by this process or another, once and in the log’s order.
 *
 * @see docs/adr/0014-notifications-are-hints.md
 */
export interface LogTail {
  /** Where the newest transition is that was told. */
  readonly toldThrough: Position;
  /** That transition; null where it was forgotten. */
  readonly newest: Transition | null;
  /** Tell of what this process has appended just now; of what is before it in the log first. */
  append(transitions: readonly Transition[]): Promise<void>;
  /**
   * Tell of all that the log has by now. Where it cannot be read, that is left to the next time. Where it does
   * not have what was told of last, the guard hears that it is damaged, and nothing of it is told.
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
  /** The transition there; null where it was forgotten. */
  readonly newest: Transition | null;
  readonly guard: LogDatabase['guard'];
  read(after: Position, limit: number): Promise<readonly Transition[]>;
  /** The highest position that was ever forgotten. */
  prunedThrough(): Promise<Position>;
  tell(transition: Transition): void;
}

/** How many transitions are read at a time. */
const PAGE_ITEMS = 500;

/** Begin to tell, at the log’s end. */
export function createLogTail(options: LogTailOptions): LogTail {
  const { guard, read, prunedThrough, tell } = options;
  let toldThrough = options.head;
  let { newest } = options;
  let reading: Promise<void> | null = null;
  let isAskedAgain = false;
  let isClosed = false;

  function tellNew(transitions: readonly Transition[]): void {
    for (const transition of transitions) {
      // What was told while a page was being read may be in that page.
      if (transition.position <= toldThrough) continue;
      toldThrough = transition.position;
      newest = transition;
      tell(transition);
    }
  }

  /**
   * What is behind all that was told. A database that took over without the last commits, or that was put back,
   * may have others in their place by now: so the last one that was told is read with it, and must be the same.
   */
  async function readNew(): Promise<readonly Transition[]> {
    const last = newest;
    if (!last) return read(toldThrough, PAGE_ITEMS);
    const page = await read(last.position - 1, PAGE_ITEMS + 1);
    const [first] = page;
    if (first && isSameTransition(first, last)) return page.slice(1);
    const isForgotten =
      first?.position !== last.position && (await prunedThrough()) >= last.position;
    if (!isForgotten) throw new LogDamagedError(`It has lost what it had at ${last.position}.`);
    if (newest === last) newest = null;
    return page;
  }

  async function readOn(): Promise<void> {
    try {
      for (let isMore = true; isMore && !isClosed; ) {
        // Whoever asks from here on may mean something that this read is too early for.
        isAskedAgain = false;
        const page = await guard(readNew);
        tellNew(page);
        isMore = isAskedAgain || page.length >= PAGE_ITEMS;
      }
    } catch (error) {
      if (error instanceof LogDamagedError) isClosed = true;
      else if (!(error instanceof LogUnavailableError)) throw error;
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
    get newest() {
      return newest;
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
