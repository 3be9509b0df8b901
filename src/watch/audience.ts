import type { Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import {
  type Follower,
  MAX_RENDERED_AHEAD,
  type SharedStream,
  type TransitionSource,
} from './follower.js';
import { TransitionStream } from './replay.js';

/** Makes of a transition what every follower is given of it. */
export type Render<Payload> = (transition: Transition) => Promise<Payload>;

/**
 * All who follow the same: one stream of transitions, each rendered once and given to all who are live.
 *
 *     gathering ──the first follower has read the log to its end──▶ running ──the stream ends, all left──▶ over
 *
 * What is given to whoever is live is everything after `#position`, in order. So a follower that has all up to
 * there, or up to anywhere behind it, may be live without a gap, and knows a repeat by its position. One that
 * has less reads the log by itself, and nobody waits for it.
 */
export class Audience<Payload> implements SharedStream<Payload> {
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

  remove(follower: Follower<Payload>): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
    this.#phase = 'over';
    void this.#stream?.return();
    this.onEmpty();
  }

  covers(position: Position): boolean {
    return this.#phase === 'running' && position >= this.#position;
  }

  start(after: Position): void {
    if (this.#phase !== 'gathering') return;
    this.#phase = 'running';
    this.#position = after;
    const { log, hub } = this.source;
    this.#stream = new TransitionStream(log, hub, this.scope, after);
    void this.#run(this.#stream);
  }

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
