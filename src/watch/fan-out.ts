import type { Scope } from '../ingestion/ports.js';
import { Audience, type Render } from './audience.js';
import { Follower, type Outlet, type TransitionSource } from './follower.js';
import type { TransitionStream } from './replay.js';

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
  ): Pick<Follower<Payload>, 'leave'>;
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
