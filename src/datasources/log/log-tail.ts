import { LogDamagedError, LogUnavailableError } from '../../ingestion/gateway-error.js';
import { isSameTransition, type Position, type Transition } from '../../ingestion/transition.js';
import type { LogDatabase } from './log-database.js';

/** How many transitions are read at a time. */
const PAGE_ITEMS = 500;

/**
 * Announces what is appended to the log, by this process or another, once and in the log's order.
 *
 * @see docs/adr/0014-notifications-are-hints.md
 */
export type LogTail = ReturnType<typeof createLogTail>;

/** Start announcing at the log's end. */
export function createLogTail(options: {
  /** The log's end. What is before it is not announced. */
  readonly head: Position;
  /** The transition there; null if it was forgotten. */
  readonly newest: Transition | null;
  readonly guard: LogDatabase['guard'];
  read(after: Position, limit: number): Promise<readonly Transition[]>;
  /** The highest position that was ever forgotten. */
  prunedPosition(): Promise<Position>;
  announce(transition: Transition): void;
}) {
  const { guard, read, prunedPosition, announce } = options;
  let announcedPosition = options.head;
  let { newest } = options;
  let reading: Promise<void> | null = null;
  let isAskedAgain = false;
  let isClosed = false;

  function announceNew(transitions: readonly Transition[]): void {
    for (const transition of transitions) {
      // A page may contain what was announced while it was being read.
      if (transition.position <= announcedPosition) continue;
      announcedPosition = transition.position;
      newest = transition;
      announce(transition);
    }
  }

  /**
   * What follows the last announced transition. A database that took over without the last commits, or that was
   * restored, may have others in their place. So the last announced transition is read too, and must be the same.
   */
  async function readNew(): Promise<readonly Transition[]> {
    const last = newest;
    if (!last) return read(announcedPosition, PAGE_ITEMS);
    const page = await read(last.position - 1, PAGE_ITEMS + 1);
    const [first] = page;
    if (first && isSameTransition(first, last)) return page.slice(1);
    const isForgotten =
      first?.position !== last.position && (await prunedPosition()) >= last.position;
    if (!isForgotten)
      throw new LogDamagedError(`It no longer has what it had at ${last.position}.`);
    if (newest === last) newest = null;
    return page;
  }

  async function readOn(): Promise<void> {
    try {
      for (let isMore = true; isMore && !isClosed; ) {
        // A caller from here on may mean something that this read is too early for.
        isAskedAgain = false;
        const page = await guard(readNew);
        announceNew(page);
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
    if (isClosed || (head !== null && head <= announcedPosition)) return;
    isAskedAgain = true;
    reading ??= readOn();
    await reading;
  }

  return {
    /** The position of the newest announced transition. */
    get announcedPosition() {
      return announcedPosition;
    },
    /** That transition; null if it was forgotten. */
    get newest() {
      return newest;
    },
    /** Announce what this process has just appended, after anything that precedes it in the log. */
    async append(transitions: readonly Transition[]): Promise<void> {
      const [first] = transitions;
      if (!first) return;
      // Another process has appended earlier transitions: they come first.
      if (first.position > announcedPosition + 1)
        await catchUp(transitions.at(-1)?.position ?? null);
      else announceNew(transitions);
    },
    /**
     * Announce everything that the log has by now. If the log can't be read, the next call does it. If the log lacks
     * what was last announced, the guard gets the error that it is damaged, and nothing of it is announced.
     *
     * @param head - a position that the log has reached; null if unknown
     */
    catchUp,
    /** Stop reading. */
    async close(): Promise<void> {
      isClosed = true;
      await reading;
    },
  };
}
