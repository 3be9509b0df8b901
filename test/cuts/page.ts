import type { ResumableOptions } from '@sluice/client';
import type { Followed } from '../crash/follower.js';
import { libraries, type Member } from './libraries.js';

/** What a page does for a test, which names its members and subscriptions. */
export interface CutsPage {
  open(memberId: number, library: string, url: string, options: ResumableOptions): Promise<void>;
  ready(memberId: number): Promise<void>;
  subscribe(memberId: number, id: number, followed: Followed): void;
  leave(id: number): void;
}

/** What the test is told of a subscription. */
export type Told =
  | { readonly kind: 'next'; readonly data: unknown }
  | { readonly kind: 'fail'; readonly failure: string }
  | { readonly kind: 'complete' };

const members = new Map<number, Member>();
const leaves = new Map<number, () => void>();
const { tell } = globalThis as unknown as { tell(id: number, told: Told): void };

const cutsPage: CutsPage = {
  async open(memberId, library, url, options) {
    const member = await libraries[library]?.(url, options);
    if (member) members.set(memberId, member);
  },
  ready: async (memberId) => members.get(memberId)?.ready?.(),
  subscribe(memberId, id, followed) {
    const leave = members.get(memberId)?.subscribe(followed, {
      next: (data) => tell(id, { kind: 'next', data }),
      fail: (failure) =>
        tell(id, { kind: 'fail', failure: `${failure} ${JSON.stringify(failure)}` }),
      complete: () => tell(id, { kind: 'complete' }),
    });
    if (leave) leaves.set(id, leave);
  },
  leave: (id) => leaves.get(id)?.(),
};

Object.assign(globalThis, { cutsPage });
