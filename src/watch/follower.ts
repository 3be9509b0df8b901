import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import type { Hub } from './hub.js';
import { endsWith, PAGE_ITEMS, readPage } from './log-page.js';

/** Where what one follower is given goes. None of these may throw. */
export interface Outlet<Payload> {
  /** @returns null where there is room for more at once; otherwise resolves when there is */
  next(payload: Payload): Promise<void> | null;
  /** All was given, the terminal transition too. */
  complete(): void;
  fail(error: unknown): void;
}

/** Where transitions come from. */
export interface TransitionSource {
  readonly log: Pick<IngestionLog, 'find' | 'read' | 'head'>;
  readonly hub: Pick<Hub, 'register'>;
}

/** So many transitions are rendered at a time, while those before them are being given. */
export const MAX_RENDERED_AHEAD = 8;

/** What a follower shares with all who follow the same. */
export interface SharedStream<Payload> {
  readonly scope: Scope;
  add(follower: Follower<Payload>): void;
  /** The last to leave ends the stream. */
  remove(follower: Follower<Payload>): void;
  /** Whether a follower that has everything up to this position gets all the rest by being live. */
  covers(position: Position): boolean;
  /** Start the stream, unless it was: after a position that is the log's end, so that no long replay holds up all. */
  start(after: Position): void;
  /** Render a transition, or share what another follower is having rendered at this moment. */
  render(transition: Transition): Promise<Payload>;
}

/**
 * One of an audience: it is given all transitions after a position, in order, without a gap and without a
 * repeat, as fast as its outlet takes them.
 *
 *     reading ──has all that the audience was given──▶ live ──the end, left, a failure──▶ over
 *        ▲                                              │
 *        └──────────────the outlet is full──────────────┘
 *
 * While live it is called with what the audience has rendered, and nothing waits. One whose outlet is full
 * holds nothing of what it misses: once there is room it reads on from the log.
 */
export class Follower<Payload> {
  #phase: 'reading' | 'live' | 'over' = 'reading';
  #position: Position;

  constructor(
    private readonly audience: SharedStream<Payload>,
    private readonly log: TransitionSource['log'],
    after: Position,
    private readonly outlet: Outlet<Payload>,
  ) {
    this.#position = after;
  }

  /** Join the audience. */
  start(): void {
    this.audience.add(this);
    void this.#catchUp(null);
  }

  /** Take what the audience has rendered, if it is for those who are live and not known from the log. */
  take(transition: Transition, payload: Payload): void {
    if (this.#phase !== 'live' || transition.position <= this.#position) return;
    try {
      const room = this.#deliver(transition, payload);
      if (room && this.#phase === 'live') {
        this.#phase = 'reading';
        void this.#catchUp(room);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** The audience’s stream has ended: whoever is live has all of it. Others find that in the log. */
  finish(): void {
    if (this.#phase === 'live') this.#complete();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.leave();
    this.outlet.fail(error);
  }

  /** Free everything at once; nothing is given any more. Safe to repeat. */
  leave(): void {
    this.#phase = 'over';
    this.audience.remove(this);
  }

  async #catchUp(room: Promise<void> | null): Promise<void> {
    try {
      await room;
      while (this.#phase === 'reading' && !this.audience.covers(this.#position)) {
        await this.#readOn();
      }
      // In the same turn as the audience was asked, so that nothing is given to it in between.
      if (this.#phase === 'reading') this.#phase = 'live';
    } catch (error) {
      this.fail(error);
    }
  }

  async #readOn(): Promise<void> {
    // Asked before the page is read: a page that is not full then holds all up to there.
    const head = await this.log.head();
    const { scope } = this.audience;
    const { transitions, isFinished } = await readPage(
      this.log,
      scope,
      this.#position,
      () => !this.#isOver,
    );
    for (let index = 0; index < transitions.length; index += MAX_RENDERED_AHEAD) {
      // A few together: each alone would have to wait for the log's commits, and one that is behind while much
      // happens would never catch up.
      const few = transitions.slice(index, index + MAX_RENDERED_AHEAD);
      const payloads = await Promise.all(few.map((transition) => this.audience.render(transition)));
      for (const [offset, transition] of few.entries()) {
        if (this.#isOver) return;
        await this.#deliver(transition, payloads[offset] as Payload);
      }
      if (this.#isOver) return;
    }
    if (transitions.length === PAGE_ITEMS || this.#isOver) return;
    if (transitions.length === 0 && isFinished) {
      this.#complete();
      return;
    }
    this.#position = Math.max(this.#position, head);
    this.audience.start(this.#position);
  }

  #deliver(transition: Transition, payload: Payload): Promise<void> | null {
    this.#position = transition.position;
    const room = this.outlet.next(payload);
    if (endsWith(this.audience.scope, transition)) this.#complete();
    return room;
  }

  get #isOver(): boolean {
    return this.#phase === 'over';
  }

  #complete(): void {
    this.leave();
    this.outlet.complete();
  }
}
