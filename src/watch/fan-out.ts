import { LogUnavailableError } from '../ingestion/gateway-error.js';
import { isTerminal } from '../ingestion/ingestion-request.js';
import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import type { Place } from './follow.js';
import type { Hub } from './hub.js';
import { patiently } from './patience.js';

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

/** So many transitions are read from the log at a time. */
const PAGE_ITEMS = 100;

/** So many transitions are rendered at a time, while those before them are being given. */
const MAX_RENDERED_AHEAD = 8;

/** So many live transitions may wait to be rendered. Where more come, all that wait are left to the log. */
const MAX_QUEUED_ITEMS = 256;

/** Gives transitions to many, and does the work of equal ones once. It knows no transport. */
export interface FanOut<Payload> {
  /**
   * Follow from a place on.
   *
   * @param key - of those with equal keys one renders for all: scope and rendering must be the same
   * @param render - only that of the first with its key is used
   */
  follow(key: string, from: Place, render: Render<Payload>, outlet: Outlet<Payload>): Following;
  /** How many are following. */
  readonly followerCount: number;
}

/** A fan-out within this process. */
export function createFanOut<Payload>(source: TransitionSource): FanOut<Payload> {
  const groups = new Set<Group<Payload>>();
  const groupsByKey = new Map<string, Group<Payload>>();

  function groupOf(key: string, scope: Scope, render: Render<Payload>): Group<Payload> {
    const existing = groupsByKey.get(key);
    if (existing && !existing.isOver) return existing;
    const group = new Group(source, scope, render, () => {
      groups.delete(group);
      if (groupsByKey.get(key) === group) groupsByKey.delete(key);
    });
    groups.add(group);
    groupsByKey.set(key, group);
    return group;
  }

  return {
    follow(key, { scope, position }, render, outlet) {
      const follower = new Follower(groupOf(key, scope, render), position, outlet);
      follower.start();
      return follower;
    },
    get followerCount() {
      let count = 0;
      for (const group of groups) count += group.followerCount;
      return count;
    },
  };
}

/** What the log has of a scope after a position. */
interface LogPage {
  /** At most {@link PAGE_ITEMS}; fewer are all that there were when the log was read. */
  readonly transitions: readonly Transition[];
  /** The log's end before it was read: a page that is not full has all up to there. */
  readonly head: Position;
  /** Whether its request was terminal already: after these transitions comes nothing more. */
  readonly isFinished: boolean;
}

/**
 * All who follow the same. It listens to the hub, renders each transition once, and gives it to all who are live.
 *
 *     gathering ──the first follower has read the log to its end──▶ placed ──its request ended, all left──▶ over
 *         └─────────────────────its request ended, all left─────────────────────────────────────────────────▲
 *
 * It listens before any follower reads the log. So whatever a follower does not find there is announced later, and
 * once the group is placed, whoever is live is given everything after `#given`, in order. A follower that has all up
 * to there, or to anywhere behind it, may be live without a gap, and knows a repeat by its position. One that has
 * less reads the log, and nobody waits for it.
 *
 * While nobody is live, when more waits than may, and where only the log can tell what is of the scope, the group
 * passes over what was announced: all read it in the log.
 */
class Group<Payload> {
  #phase: 'gathering' | 'placed' | 'over' = 'gathering';
  /** Everything up to here was given to those who are live, or passed over. */
  #given: Position = 0;
  #announced: Position = 0;
  #queue: Transition[] = [];
  #aheadCount = 0;
  #lastGiven: Promise<void> = Promise.resolve();
  readonly #unregister: () => void;
  readonly #followers = new Set<Follower<Payload>>();
  readonly #live = new Set<Follower<Payload>>();
  /** What is being read now, by the position before it. */
  readonly #reading = new Map<Position, Promise<LogPage>>();
  /** What is being rendered now. Not kept behind that: it may show the state of a request as it is. */
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
    return this.#followers.size;
  }

  /** Whether it takes nobody in any more. Its last followers may still be reading the log. */
  get isOver(): boolean {
    return this.#phase === 'over';
  }

  add(follower: Follower<Payload>): void {
    this.#followers.add(follower);
  }

  remove(follower: Follower<Payload>): void {
    this.#live.delete(follower);
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
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

  /** Have a follower live that has everything up to this position; false where it would miss something. */
  takeLive(follower: Follower<Payload>, position: Position): boolean {
    if (this.#phase !== 'placed' || position < this.#given) return false;
    this.#live.add(follower);
    return true;
  }

  /** A follower must read on from the log. */
  takeBack(follower: Follower<Payload>): void {
    this.#live.delete(follower);
  }

  /** Read a page after a position, or share what another follower is reading at this moment. */
  read(after: Position): Promise<LogPage> {
    return shared(this.#reading, after, () =>
      patiently(
        () => this.#readOnce(after),
        (error) => error instanceof LogUnavailableError,
        () => this.#followers.size > 0,
      ),
    );
  }

  /** Render a transition, or share what another follower is having rendered at this moment. */
  render(transition: Transition): Promise<Payload> {
    return shared(this.#rendering, transition.position, () => this.renderOnce(transition));
  }

  /** In this order: what led to the log's end, or to a terminal state, is then in the page or before it. */
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

  /** Rendered while others are given, but given in order. */
  #giveQueued(): void {
    while (this.#aheadCount < MAX_RENDERED_AHEAD) {
      const transition = this.#queue.shift();
      if (!transition) return;
      this.#aheadCount += 1;
      const rendered = this.render(transition);
      // It is awaited later, in its turn.
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
    // What was passed over while it was being rendered is behind it.
    this.#given = Math.max(this.#given, transition.position);
    for (const follower of this.#live) follower.take(transition, payload);
  }

  #failLive(error: unknown): void {
    const live = [...this.#live];
    this.#passOver();
    for (const follower of live) follower.fail(error);
  }

  /** Whoever is to be live from now on reads up to here. */
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
 * One of a group: it is given all transitions after a position, in order, without a gap and without a
 * repeat, as fast as its outlet takes them.
 *
 *     reading ──has all that the group has given──▶ live ──the end, left, a failure──▶ over
 *        ▲                                           │
 *        └──the outlet is full, the group is behind──┘
 *
 * While live it is called with what the group has rendered, and nothing waits. One whose outlet is full
 * holds nothing of what it misses: once there is room it reads on from the log.
 */
class Follower<Payload> implements Following {
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
    this.group.add(this);
    void this.#catchUp(null);
  }

  /** Take what the group has rendered, unless it is known from the log. */
  take(transition: Transition, payload: Payload): void {
    if (transition.position <= this.#position) {
      // Its request ended before the place where it began.
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

  /** Be live no more, and read on from the log once there is room. */
  readOn(room: Promise<void> | null): void {
    if (this.#phase !== 'live') return;
    this.#phase = 'reading';
    this.group.takeBack(this);
    void this.#catchUp(room);
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.leave();
    this.outlet.fail(error);
  }

  /** Free everything at once; nothing is given any more. Safe to repeat. */
  leave(): void {
    this.#phase = 'over';
    this.group.remove(this);
  }

  async #catchUp(room: Promise<void> | null): Promise<void> {
    try {
      await room;
      while (this.#phase === 'reading') {
        if (this.group.takeLive(this, this.#position)) this.#phase = 'live';
        else await this.#readPage();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  async #readPage(): Promise<void> {
    const { transitions, head, isFinished } = await this.group.read(this.#position);
    for (let index = 0; index < transitions.length; index += MAX_RENDERED_AHEAD) {
      if (this.#isOver) return;
      // A few together: each alone would have to wait for the log's commits, and one that is behind while much
      // happens would never catch up.
      const few = transitions.slice(index, index + MAX_RENDERED_AHEAD);
      const payloads = await Promise.all(few.map((transition) => this.group.render(transition)));
      for (const [offset, transition] of few.entries()) {
        if (this.#isOver) return;
        await this.#deliver(transition, payloads[offset] as Payload);
      }
    }
    if (transitions.length === PAGE_ITEMS || this.#isOver) return;
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

  get #isOver(): boolean {
    return this.#phase === 'over';
  }

  #complete(): void {
    this.leave();
    this.outlet.complete();
  }
}

/** Whether nothing of this scope comes after this transition. */
function endsWith(scope: Scope, { to }: Transition): boolean {
  return scope.kind === 'request' && isTerminal(to.status);
}

/** Whether only the log can tell which of what was announced is of this scope. */
function isSiftedByLog(scope: Scope): boolean {
  return scope.kind !== 'request' && scope.startedBy !== undefined;
}

/** What is under way for a position, or else what is begun now; forgotten when it is done. */
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
