import { LogUnavailableError } from '../ingestion/gateway-error.js';
import { isTerminal } from '../ingestion/ingestion-request.js';
import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import type { Place } from './follow.js';
import type { Hub } from './hub.js';
import { readWithRetries } from './read-with-retries.js';

/** Where one follower's events go. None of these may throw. */
export interface Outlet<Payload> {
  /** @returns null if there is room for more; otherwise resolves when there is */
  next(payload: Payload): Promise<void> | null;
  /** Everything was delivered, including the terminal transition. */
  complete(): void;
  fail(error: unknown): void;
}

/** Where transitions come from. */
export interface TransitionSource {
  readonly log: Pick<IngestionLog, 'find' | 'read' | 'head'>;
  readonly hub: Pick<Hub, 'register'>;
}

/** Renders a transition for all followers of a group. */
type Render<Payload> = (transition: Transition) => Promise<Payload>;

/** A subscription to transitions. Leaving it frees everything at once. */
export interface FollowHandle {
  leave(): void;
}

/** How many transitions to read from the log at a time. */
const PAGE_ITEMS = 100;

/** How many transitions to render at a time, while earlier ones are being delivered. */
const MAX_RENDERED_AHEAD = 8;

/** How many live transitions may wait to be rendered. If more arrive, all waiting ones are left to the log. */
const MAX_QUEUED_ITEMS = 256;

/** Delivers transitions to many followers, and shares the work of equal ones. It knows no transport. */
export type FanOut<Payload> = ReturnType<typeof createFanOut<Payload>>;

/** A fan-out within this process. */
export function createFanOut<Payload>(source: TransitionSource) {
  const groups = new Set<Group<Payload>>();
  const groupsByKey = new Map<string, Group<Payload>>();

  function groupOf(key: string, scope: Scope, render: Render<Payload>): Group<Payload> {
    const existing = groupsByKey.get(key);
    if (existing && !existing.hasEnded) return existing;
    const group = new Group(source, scope, render, () => {
      groups.delete(group);
      if (groupsByKey.get(key) === group) groupsByKey.delete(key);
    });
    groups.add(group);
    groupsByKey.set(key, group);
    return group;
  }

  return {
    /**
     * Follow from a place.
     *
     * @param key - followers with equal keys share one rendering, so they need the same scope and rendering
     * @param render - only the first one with its key is used
     */
    follow(
      key: string,
      { scope, position }: Place,
      render: Render<Payload>,
      outlet: Outlet<Payload>,
    ): FollowHandle {
      const follower = new Follower(groupOf(key, scope, render), position, outlet);
      follower.start();
      return follower;
    },
    /** The number of followers. */
    get followerCount() {
      let count = 0;
      for (const group of groups) count += group.followerCount;
      return count;
    },
  };
}

/** A page of a scope's transitions after a position. */
interface LogPage {
  /** At most {@link PAGE_ITEMS}. If there are fewer, these were all when the log was read. */
  readonly transitions: readonly Transition[];
  /** The end of the log before the read. A page that is not full has everything up to there. */
  readonly head: Position;
  /** Whether its request was terminal already, so that nothing follows these transitions. */
  readonly isFinished: boolean;
}

/**
 * All followers of the same events. It listens to the hub, renders each transition once, and delivers it to all live
 * followers.
 *
 *     gathering ──the first follower has read the log to its end──▶ placed ──its request ended, all left──▶ over
 *         └─────────────────────its request ended, all left─────────────────────────────────────────────────▲
 *
 * It listens before any follower reads the log. So whatever a follower doesn't find there is announced later, and
 * once the group is placed, each live follower gets everything after `#given`, in order. A follower that has
 * everything up to there, or up to anywhere after it, can go live without a gap, and recognises a repeat by its
 * position. A follower that has less reads the log, and nobody waits for it.
 *
 * The group passes over announcements while nobody is live, when too many wait, and if only the log can tell whether
 * they belong to the scope. All followers then read them in the log.
 */
class Group<Payload> {
  #phase: 'gathering' | 'placed' | 'over' = 'gathering';
  /** Everything up to here was delivered to the live followers, or passed over. */
  #given: Position = 0;
  #announced: Position = 0;
  #queue: Transition[] = [];
  #aheadCount = 0;
  #lastGiven: Promise<void> = Promise.resolve();
  readonly #unregister: () => void;
  #followerCount = 0;
  readonly #live = new Set<Follower<Payload>>();
  /** Reads in progress, by the position they start after. */
  readonly #reading = new Map<Position, Promise<LogPage>>();
  /** Renderings in progress. They are not kept afterwards, because they may show a request's current state. */
  readonly #rendering = new Map<Position, Promise<Payload>>();

  constructor(
    private readonly source: TransitionSource,
    readonly scope: Scope,
    private readonly renderOnce: Render<Payload>,
    private readonly onEmpty: () => void,
  ) {
    this.#unregister = source.hub.register(scope, (transition) => this.#hear(transition));
  }

  get followerCount(): number {
    return this.#followerCount;
  }

  /** Whether it accepts no more followers. Its last ones may still be reading the log. */
  get hasEnded(): boolean {
    return this.#phase === 'over';
  }

  /** A follower has joined. */
  add(): void {
    this.#followerCount += 1;
  }

  remove(follower: Follower<Payload>): void {
    this.#live.delete(follower);
    this.#followerCount -= 1;
    if (this.#followerCount > 0) return;
    this.#end();
    this.#queue = [];
    this.onEmpty();
  }

  /** A follower has read the log to its end, and has everything up to this position. */
  place(position: Position): void {
    if (this.#phase !== 'gathering') return;
    this.#phase = 'placed';
    this.#given = Math.max(this.#announced, position);
  }

  /** Make a follower live that has everything up to this position. Returns false if it would miss something. */
  addLive(follower: Follower<Payload>, position: Position): boolean {
    if (this.#phase !== 'placed' || position < this.#given) return false;
    this.#live.add(follower);
    return true;
  }

  /** A follower must continue from the log. */
  removeLive(follower: Follower<Payload>): void {
    this.#live.delete(follower);
  }

  /** Read a page after a position, or share another follower's read in progress. */
  read(after: Position): Promise<LogPage> {
    return shared(this.#reading, after, () =>
      readWithRetries(
        () => this.#readOnce(after),
        (error) => error instanceof LogUnavailableError,
        () => this.#followerCount > 0,
      ),
    );
  }

  /** Render a transition, or share another follower's rendering in progress. */
  render(transition: Transition): Promise<Payload> {
    return shared(this.#rendering, transition.position, () => this.renderOnce(transition));
  }

  /** In this order, what led to the log's end or to a terminal state is in the page or before it. */
  async #readOnce(after: Position): Promise<LogPage> {
    const { log } = this.source;
    const head = await log.head();
    const [record] = this.scope.kind === 'request' ? await log.find([this.scope.ref]) : [];
    const isFinished = record != null && isTerminal(record.state.status);
    return { transitions: await log.read(this.scope, after, PAGE_ITEMS), head, isFinished };
  }

  #hear(transition: Transition): void {
    this.#announced = transition.position;
    if (endsWith(this.scope, transition)) this.#end();
    if (this.#live.size === 0) {
      this.#passOver();
    } else if (this.#queue.length === MAX_QUEUED_ITEMS || isSiftedByLog(this.scope)) {
      const live = [...this.#live];
      this.#passOver();
      for (const follower of live) follower.readOn(null);
    } else {
      this.#queue.push(transition);
      this.#giveQueued();
    }
  }

  /** Renders transitions ahead, and delivers them in order. */
  #giveQueued(): void {
    while (this.#aheadCount < MAX_RENDERED_AHEAD) {
      const transition = this.#queue.shift();
      if (!transition) return;
      this.#aheadCount += 1;
      const rendered = this.render(transition);
      // Awaited later, in its turn.
      rendered.catch(() => {});
      this.#lastGiven = this.#lastGiven
        .then(async () => this.#give(transition, await rendered))
        .catch((error) => this.#failLive(error))
        .then(() => {
          this.#aheadCount -= 1;
          this.#giveQueued();
        });
    }
  }

  #give(transition: Transition, payload: Payload): void {
    // What was passed over during the rendering comes after it.
    this.#given = Math.max(this.#given, transition.position);
    for (const follower of this.#live) follower.take(transition, payload);
  }

  #failLive(error: unknown): void {
    const live = [...this.#live];
    this.#passOver();
    for (const follower of live) follower.fail(error);
  }

  /** Whoever goes live from now on reads up to here. */
  #passOver(): void {
    this.#given = this.#announced;
    this.#queue = [];
  }

  #end(): void {
    this.#phase = 'over';
    this.#unregister();
  }
}

/**
 * A follower of a group. It gets all transitions after a position, in order, without a gap or a repeat, as fast as
 * its outlet accepts them.
 *
 *     reading ──has all that the group has given──▶ live ──the end, left, a failure──▶ over
 *        ▲                                           │
 *        └──the outlet is full, the group is behind──┘
 *
 * While live, it is called with what the group has rendered, and nothing waits. If its outlet is full, it buffers
 * nothing that it misses, and continues from the log once there is room.
 */
class Follower<Payload> implements FollowHandle {
  #phase: 'reading' | 'live' | 'over' = 'reading';
  #position: Position;

  constructor(
    private readonly group: Group<Payload>,
    after: Position,
    private readonly outlet: Outlet<Payload>,
  ) {
    this.#position = after;
  }

  /** Join the group. */
  start(): void {
    this.group.add();
    void this.#catchUp(null);
  }

  /** Deliver what the group has rendered, unless the follower already read it from the log. */
  take(transition: Transition, payload: Payload): void {
    if (transition.position <= this.#position) {
      // Its request ended before its place.
      if (endsWith(this.group.scope, transition)) this.#complete();
      return;
    }
    try {
      const room = this.#deliver(transition, payload);
      if (room) this.readOn(room);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stop being live, and continue from the log once there is room. */
  readOn(room: Promise<void> | null): void {
    if (this.#phase !== 'live') return;
    this.#phase = 'reading';
    this.group.removeLive(this);
    void this.#catchUp(room);
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.leave();
    this.outlet.fail(error);
  }

  /** Free everything at once. Nothing is delivered any more. Safe to repeat. */
  leave(): void {
    if (this.#hasEnded) return;
    this.#phase = 'over';
    this.group.remove(this);
  }

  async #catchUp(room: Promise<void> | null): Promise<void> {
    try {
      await room;
      while (this.#phase === 'reading') {
        if (this.group.addLive(this, this.#position)) this.#phase = 'live';
        else await this.#readPage();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  async #readPage(): Promise<void> {
    const { transitions, head, isFinished } = await this.group.read(this.#position);
    for (let index = 0; index < transitions.length; index += MAX_RENDERED_AHEAD) {
      if (this.#hasEnded) return;
      // A few at a time. Rendered one by one, each would wait for the log's commits, and a follower that is behind
      // would never catch up while much happens.
      const few = transitions.slice(index, index + MAX_RENDERED_AHEAD);
      const payloads = await Promise.all(few.map((transition) => this.group.render(transition)));
      for (const [offset, transition] of few.entries()) {
        if (this.#hasEnded) return;
        await this.#deliver(transition, payloads[offset] as Payload);
      }
    }
    if (transitions.length === PAGE_ITEMS || this.#hasEnded) return;
    if (transitions.length === 0 && isFinished) {
      this.#complete();
      return;
    }
    this.#position = Math.max(this.#position, head);
    this.group.place(this.#position);
  }

  #deliver(transition: Transition, payload: Payload): Promise<void> | null {
    this.#position = transition.position;
    const room = this.outlet.next(payload);
    if (endsWith(this.group.scope, transition)) this.#complete();
    return room;
  }

  get #hasEnded(): boolean {
    return this.#phase === 'over';
  }

  #complete(): void {
    this.leave();
    this.outlet.complete();
  }
}

/** Whether nothing of this scope follows this transition. */
function endsWith(scope: Scope, { to }: Transition): boolean {
  return scope.kind === 'request' && isTerminal(to.status);
}

/** Whether only the log can tell which announcements belong to this scope. */
function isSiftedByLog(scope: Scope): boolean {
  return scope.kind !== 'request' && scope.startedBy !== undefined;
}

/** The work in progress for a position, or else new work; forgotten when it is done. */
function shared<T>(
  underWay: Map<Position, Promise<T>>,
  position: Position,
  begin: () => Promise<T>,
): Promise<T> {
  const existing = underWay.get(position);
  if (existing) return existing;
  const begun = begin().finally(() => underWay.delete(position));
  underWay.set(position, begun);
  return begun;
}
