import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import type { Hub } from './hub.js';
import { endsWith, PAGE_ITEMS, readPage } from './log-page.js';
import { TransitionStream } from './replay.js';

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

/** Makes of a transition what every follower is given of it. */
type Render<Payload> = (transition: Transition) => Promise<Payload>;

/** One that is given transitions; it frees everything at once when left. */
export interface Following {
  leave(): void;
}

/** So many transitions are rendered at a time, while those before them are being given. */
const MAX_RENDERED_AHEAD = 8;

/** Gives transitions to many, and does the work of equal ones once. */
export interface FanOut<Payload> {
  /**
   * Follow what a stream that nobody has read yet would give.
   *
   * @param key - of those with equal keys one renders for all: scope and rendering must be the same
   * @param render - only that of the first with its key is used
   */
  follow(
    key: string,
    stream: Pick<TransitionStream, 'scope' | 'position'>,
    render: Render<Payload>,
    outlet: Outlet<Payload>,
  ): Following;
  /** How many are following. */
  readonly followerCount: number;
}

/** A fan-out within this process. */
export function createFanOut<Payload>(source: TransitionSource): FanOut<Payload> {
  const audiences = new Set<Audience<Payload>>();
  const audiencesByKey = new Map<string, Audience<Payload>>();

  function audienceOf(key: string, scope: Scope, render: Render<Payload>): Audience<Payload> {
    const existing = audiencesByKey.get(key);
    if (existing && !existing.isOver) return existing;
    const audience = new Audience(source, scope, render, () => {
      audiences.delete(audience);
      if (audiencesByKey.get(key) === audience) audiencesByKey.delete(key);
    });
    audiences.add(audience);
    audiencesByKey.set(key, audience);
    return audience;
  }

  return {
    follow(key, { scope, position }, render, outlet) {
      const audience = audienceOf(key, scope, render);
      const follower = new Follower(audience, source.log, position, outlet);
      follower.start();
      return follower;
    },
    get followerCount() {
      let count = 0;
      for (const audience of audiences) count += audience.followerCount;
      return count;
    },
  };
}

/**
 * All who follow the same: one stream of transitions, each rendered once and given to all who are live.
 *
 *     gathering ──the first follower has read the log to its end──▶ running ──the stream ends, all left──▶ over
 *
 * What is given to whoever is live is everything after `#position`, in order. So a follower that has all up to
 * there, or up to anywhere behind it, may be live without a gap, and knows a repeat by its position. One that
 * has less reads the log by itself, and nobody waits for it.
 */
class Audience<Payload> {
  #phase: 'gathering' | 'running' | 'over' = 'gathering';
  #position: Position = 0;
  #stream: TransitionStream | null = null;
  readonly #followers = new Set<Follower<Payload>>();
  /** What is being rendered now. Not kept behind that: it may show the state of a request as it is. */
  readonly #rendering = new Map<Position, Promise<Payload>>();

  constructor(
    private readonly source: TransitionSource,
    readonly scope: Scope,
    private readonly renderOnce: Render<Payload>,
    private readonly onEmpty: () => void,
  ) {}

  get followerCount(): number {
    return this.#followers.size;
  }

  /** Whether it takes nobody in any more. Its last followers may still be reading the log. */
  get isOver(): boolean {
    return this.#phase === 'over';
  }

  add(follower: Follower<Payload>): void {
    this.#followers.add(follower);
  }

  /** The last to leave ends the stream. */
  remove(follower: Follower<Payload>): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
    this.#phase = 'over';
    void this.#stream?.return();
    this.onEmpty();
  }

  /** Whether a follower that has everything up to this position gets all the rest by being live. */
  covers(position: Position): boolean {
    return this.#phase === 'running' && position >= this.#position;
  }

  /** Start the stream, unless it was: after a position that is the log’s end, so that no long replay holds up all. */
  start(after: Position): void {
    if (this.#phase !== 'gathering') return;
    this.#phase = 'running';
    this.#position = after;
    const { log, hub } = this.source;
    this.#stream = new TransitionStream(log, hub, this.scope, after);
    void this.#run(this.#stream);
  }

  /** Render a transition, or share what another follower is having rendered at this moment. */
  render(transition: Transition): Promise<Payload> {
    const { position } = transition;
    const underWay = this.#rendering.get(position);
    if (underWay) return underWay;
    const rendered = this.renderOnce(transition).finally(() => this.#rendering.delete(position));
    this.#rendering.set(position, rendered);
    return rendered;
  }

  async #run(stream: TransitionStream): Promise<void> {
    let lastGiven = Promise.resolve();
    let aheadCount = 0;
    try {
      for await (const transition of stream) {
        // Rendered while others are given, but given in order.
        lastGiven = Promise.all([this.render(transition), lastGiven]).then(([payload]) => {
          aheadCount -= 1;
          this.#give(transition, payload);
        });
        lastGiven.catch((error) => this.#fail(error));
        aheadCount += 1;
        if (aheadCount === MAX_RENDERED_AHEAD) await lastGiven;
      }
      await lastGiven;
      this.#phase = 'over';
      // Of a request that had ended before them: there was nothing to give.
      for (const follower of this.#followers) follower.finish();
    } catch (error) {
      this.#fail(error);
    }
  }

  #give(transition: Transition, payload: Payload): void {
    this.#position = transition.position;
    for (const follower of this.#followers) follower.take(transition, payload);
  }

  #fail(error: unknown): void {
    this.#phase = 'over';
    for (const follower of this.#followers) follower.fail(error);
  }
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
class Follower<Payload> implements Following {
  #phase: 'reading' | 'live' | 'over' = 'reading';
  #position: Position;

  constructor(
    private readonly audience: Audience<Payload>,
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
